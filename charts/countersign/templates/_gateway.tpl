{{/* Shorter than the others' by what makes room for `-metrics`. */}}
{{- define "countersign.gateway.fullname" -}}
{{- printf "%s-gateway" (include "countersign.fullname" . | trunc 47 | trimSuffix "-") -}}
{{- end -}}

{{- define "countersign.gateway.serviceAccountName" -}}
{{- default (include "countersign.gateway.fullname" .) .Values.gateway.serviceAccount.name -}}
{{- end -}}

{{- define "countersign.gateway.tlsSecretName" -}}
{{- if eq .Values.gateway.tls.mode "certManager" -}}
{{- printf "%s-serving" (include "countersign.gateway.fullname" .) -}}
{{- else -}}
{{- .Values.gateway.tls.existingSecret.name -}}
{{- end -}}
{{- end -}}

{{/* Whether it reads kube-system/extension-apiserver-authentication: "true" or nothing. */}}
{{- define "countersign.gateway.readsConfigMap" -}}
{{- $given := .Values.gateway.authentication -}}
{{- if or $given.clientCAFromConfigMap $given.requestHeader.fromConfigMap }}true{{ end -}}
{{- end -}}

{{- define "countersign.isCA" -}}
{{- if or .configMap .secret }}true{{ end -}}
{{- end -}}

{{/* The CAs it has mounted, each below a folder of the volume's name. */}}
{{- define "countersign.gateway.cas" -}}
{{- $gateway := .Values.gateway -}}
{{- $kubelet := $gateway.kubeletCA -}}
{{- if not (include "countersign.isCA" $kubelet) }}{{ $kubelet = mergeOverwrite (dict) $kubelet (dict "configMap" "kube-root-ca.crt") }}{{ end -}}
{{- $cas := dict "kubelet-ca" $kubelet -}}
{{- range $volume, $ca := dict "client-ca" $gateway.authentication.clientCA "request-header-ca" $gateway.authentication.requestHeader.ca -}}
{{- if include "countersign.isCA" $ca }}{{ $_ := set $cas $volume $ca }}{{ end -}}
{{- end -}}
{{- toYaml $cas -}}
{{- end -}}

{{- define "countersign.gateway.authentication" -}}
{{- $given := .Values.gateway.authentication -}}
{{- $result := pick $given "clientCAFromConfigMap" "anonymous" "impersonation" -}}
{{- if include "countersign.isCA" $given.clientCA }}{{ $_ := set $result "clientCAFile" "/client-ca/ca.crt" }}{{ end -}}
{{- $proxy := $given.requestHeader -}}
{{- if $proxy.fromConfigMap -}}
{{- $_ := set $result "requestHeader" (dict "fromConfigMap" true) -}}
{{- else if include "countersign.isCA" $proxy.ca -}}
{{- $requestHeader := dict "caFile" "/request-header-ca/ca.crt" -}}
{{- range $field := list "allowedNames" "usernameHeaders" "uidHeaders" "groupHeaders" "extraHeaderPrefixes" -}}
{{- with get $proxy $field }}{{ $_ := set $requestHeader $field . }}{{ end -}}
{{- end -}}
{{- $_ := set $result "requestHeader" $requestHeader -}}
{{- end -}}
{{- if $given.tokenReview.enabled }}{{ $_ := set $result "tokenReview" (omit $given.tokenReview "enabled") }}{{ end -}}
{{- toYaml $result -}}
{{- end -}}

{{/* The file `countersign gateway` reads. */}}
{{- define "countersign.gatewayConfiguration" -}}
{{- $gateway := .Values.gateway -}}
apiVersion: countersign.dev/v1alpha1
kind: GatewayConfiguration
listen: {port: {{ int $gateway.port }}}
admin: {port: {{ int $gateway.adminPort }}}
tls: {certFile: /tls/tls.crt, keyFile: /tls/tls.key, minVersion: {{ $gateway.tls.minVersion }}}
authentication:
  {{- include "countersign.gateway.authentication" . | nindent 2 }}
authorization:
  {{- toYaml $gateway.authorization | nindent 2 }}
kubelet:
  clientCertificate: {certFile: /kubelet-client/tls.crt, keyFile: /kubelet-client/tls.key}
  caFile: /kubelet-ca/ca.crt
  {{- toYaml $gateway.kubelet | nindent 2 }}
selfSubjectReviews:
  {{- toYaml $gateway.selfSubjectReviews | nindent 2 }}
drain: {delay: {{ int $gateway.drain.delaySeconds }}s, timeout: {{ int $gateway.drain.timeoutSeconds }}s}
{{- with include "countersign.tracing" $gateway.tracing }}
{{ . }}
{{- end }}
log: {level: {{ $gateway.logLevel }}}
{{- end -}}

{{/* What NOTES say of it: how a tenant uses it. */}}
{{- define "countersign.gateway.notes" -}}
{{- $name := include "countersign.gateway.fullname" . -}}
{{- $namespace := .Release.Namespace -}}
{{- $gateway := .Values.gateway -}}
{{- $host := printf "%s.%s.svc" $name $namespace -}}
{{- with $gateway.tls.certManager.dnsNames }}{{ $host = first . }}{{ end -}}
{{- $server := printf "https://%s:%d" $host (int $gateway.service.port) -}}
The kubelet gateway, {{ $server }}

  It serves pod logs, kubelets' read paths and whoami to whoever the API server knows and allows; it shows kubelets the
  certificate in Secret {{ $gateway.clientCertificate.existingSecret }} and nothing else. docs/gateway.md has that certificate's grants, tenants' and what may go wrong.
{{- if eq $gateway.authorization.mode "AlwaysAllow" }}

  authorization.mode is AlwaysAllow: whoever is authenticated may read every pod's log.
{{- end }}
{{- with $gateway.kubelet.interactive }}

  Served to whoever may create them, at nodes' paths only (/api/v1/nodes/NODE/proxy/exec/…): {{ join ", " . }}. kubectl exec,
  attach, port-forward and cp are not served: use the API server.
{{- end }}

1. What a tenant is granted, as for the API server; here the log of every pod in namespace shop and all nodes' metrics
   (those of some alone: --resource-name=NODE after --resource):

     kubectl -n shop create rolebinding logs --clusterrole=view --user=jane
     kubectl create clusterrole node-metrics --verb=get --resource=nodes/metrics
     kubectl create clusterrolebinding node-metrics --clusterrole=node-metrics --serviceaccount=monitoring:prometheus

2. What a tenant's kubeconfig has: a cluster and a context beside the API server's, with the same user. With the certificate of
   whoever signed Secret {{ include "countersign.gateway.tlsSecretName" . }}{{ if eq $gateway.tls.mode "certManager" }} (its ca.crt){{ end }}:
{{ if eq $gateway.tls.mode "certManager" }}
     kubectl -n {{ $namespace }} get secret {{ include "countersign.gateway.tlsSecretName" . }} -o jsonpath='{.data.ca\.crt}' | base64 -d > gateway-ca.crt
{{- end }}
     kubectl config set-cluster kubelets --server={{ $server }} --certificate-authority=gateway-ca.crt --embed-certs
     kubectl config set-context kubelets --cluster=kubelets --user=USER --namespace=shop
     kubectl --context kubelets auth whoami
     kubectl --context kubelets logs POD
     kubectl --context kubelets get --raw /api/v1/nodes/NODE/proxy/metrics/cadvisor

   From outside of the cluster, where nothing else leads there:

     kubectl -n {{ $namespace }} port-forward service/{{ $name }} 8443:{{ int $gateway.service.port }} &
     kubectl config set-cluster kubelets --server=https://127.0.0.1:8443 --tls-server-name={{ $host }}
{{- end -}}
