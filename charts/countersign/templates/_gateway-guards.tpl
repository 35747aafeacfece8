{{/* What contradicts among the gateway's values, as a JSON list of sentences. */}}
{{- define "countersign.gatewayFaults" -}}
{{- $gateway := .Values.gateway -}}
{{- $faults := list -}}
{{- if not $gateway.clientCertificate.existingSecret -}}
{{- $faults = append $faults "gateway.clientCertificate.existingSecret is required: the Secret with the client certificate (tls.crt, tls.key) that is all a kubelet is ever shown; docs/gateway.md has the CertificateSigningRequest that makes one" -}}
{{- end -}}
{{- if and $gateway.kubeletCA.configMap $gateway.kubeletCA.secret -}}
{{- $faults = append $faults "gateway.kubeletCA names a configMap and a secret: keep one" -}}
{{- end -}}
{{- if and (not $gateway.serviceAccount.create) (not $gateway.serviceAccount.name) -}}
{{- $faults = append $faults "gateway.serviceAccount.create is false: set gateway.serviceAccount.name to one that is there, or the grants would go to nobody" -}}
{{- end -}}
{{- $fields := dict "certManager" (list "issuerRef" "dnsNames" "ipAddresses" "duration" "renewBefore") "existingSecret" (list "name") -}}
{{- $faults = concat $faults (include "countersign.tlsModeFaults" (list "gateway.tls" $gateway.tls $fields) | fromJsonArray) -}}
{{- if and (eq $gateway.tls.mode "existingSecret") (not $gateway.tls.existingSecret.name) -}}
{{- $faults = append $faults "gateway.tls.mode existingSecret needs gateway.tls.existingSecret.name: the Secret (tls.crt, tls.key) that tenants verify the gateway by; docs/gateway.md has a recipe, or set gateway.tls.mode to certManager" -}}
{{- end -}}
{{- $secret := $gateway.clientCertificate.existingSecret -}}
{{- if and $secret (eq $secret (include "countersign.gateway.tlsSecretName" .)) -}}
{{- $served := ternary "gateway.tls.existingSecret.name" "the Secret that gateway.tls.mode certManager makes" (eq $gateway.tls.mode "existingSecret") -}}
{{- $faults = append $faults (printf "gateway.clientCertificate.existingSecret and %s are one Secret, %q: kubelets are shown a certificate for clients, tenants one for serving, and neither takes the other's; docs/gateway.md has a recipe for each" $served $secret) -}}
{{- end -}}
{{- $faults = concat $faults (include "countersign.gatewayCallerFaults" . | fromJsonArray) -}}
{{- $faults = concat $faults (include "countersign.deploymentFaults" (list "gateway" "gateway." $gateway $gateway.podDisruptionBudget $gateway.autoscaling) | fromJsonArray) -}}
{{- toJson $faults -}}
{{- end -}}

{{/* Who may call, and what. */}}
{{- define "countersign.gatewayCallerFaults" -}}
{{- $faults := list -}}
{{- $given := .Values.gateway.authentication -}}
{{- $proxy := $given.requestHeader -}}
{{- $where := "gateway.authentication" -}}
{{- if and $given.clientCA.configMap $given.clientCA.secret -}}
{{- $faults = append $faults (printf "%s.clientCA names a configMap and a secret: keep one" $where) -}}
{{- end -}}
{{- if and $given.clientCAFromConfigMap (include "countersign.isCA" $given.clientCA) -}}
{{- $faults = append $faults (printf "%s.clientCA has no use beside clientCAFromConfigMap, which is the cluster's: set %s.clientCAFromConfigMap to false, or remove clientCA" $where $where) -}}
{{- end -}}
{{- if and $proxy.ca.configMap $proxy.ca.secret -}}
{{- $faults = append $faults (printf "%s.requestHeader.ca names a configMap and a secret: keep one" $where) -}}
{{- end -}}
{{- $isOwn := include "countersign.isCA" $proxy.ca -}}
{{- if and $proxy.fromConfigMap $isOwn -}}
{{- $faults = append $faults (printf "%s.requestHeader.ca and fromConfigMap name front proxies twice: keep one" $where) -}}
{{- end -}}
{{- range $field := list "allowedNames" "usernameHeaders" "uidHeaders" "groupHeaders" "extraHeaderPrefixes" -}}
{{- if and (get $proxy $field) (or $proxy.fromConfigMap (not $isOwn)) -}}
{{- $faults = append $faults (printf "%s.requestHeader.%s goes with requestHeader.ca: set that, or remove it" $where $field) -}}
{{- end -}}
{{- end -}}
{{- if and $isOwn (not $proxy.allowedNames) -}}
{{- $faults = append $faults (printf "%s.requestHeader.ca without allowedNames lets whoever has any certificate of that CA be anybody: list the front proxies' common names" $where) -}}
{{- end -}}
{{- range $given.tokenReview.implicitAudiences -}}
{{- if not (has . $given.tokenReview.audiences) -}}
{{- $faults = append $faults (printf "%s.tokenReview.implicitAudiences has %q, which no token is asked to have: add it to tokenReview.audiences, or remove it" $where .) -}}
{{- end -}}
{{- end -}}
{{- $anonymous := $given.anonymous -}}
{{- if kindIs "map" $anonymous -}}
{{- if and $anonymous.conditions (not $anonymous.enabled) -}}
{{- $faults = append $faults (printf "%s.anonymous has conditions and is not enabled: set enabled to true, or remove them" $where) -}}
{{- end -}}
{{- $anonymous = $anonymous.enabled -}}
{{- end -}}
{{- if not (or $given.clientCAFromConfigMap (include "countersign.isCA" $given.clientCA) $proxy.fromConfigMap $isOwn $given.tokenReview.enabled $anonymous) -}}
{{- $faults = append $faults (printf "%s accepts nobody: set tokenReview.enabled, clientCAFromConfigMap, clientCA or requestHeader" $where) -}}
{{- end -}}
{{- if eq .Values.gateway.authorization.mode "AlwaysAllow" -}}
{{- if $anonymous -}}
{{- $faults = append $faults "gateway.authorization.mode AlwaysAllow with gateway.authentication.anonymous gives every pod's log to whoever reaches the port: keep one" -}}
{{- end -}}
{{- if eq .Values.gateway.authorization.insecureBackend "authorize" -}}
{{- $faults = append $faults "gateway.authorization.insecureBackend authorize asks nobody with mode AlwaysAllow: use deny, or mode Webhook" -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}
