{{/* Everything that contradicts, as a JSON list of sentences; each says what to change. */}}
{{- define "countersign.faults" -}}
{{- $faults := list -}}
{{- if not (or .Values.server.enabled .Values.agent.enabled .Values.gateway.enabled) -}}
{{- $faults = append $faults "server.enabled, agent.enabled and gateway.enabled are all false, so nothing would be installed: set one of them" -}}
{{- end -}}
{{- if or .Values.server.enabled .Values.gateway.enabled -}}
{{- $faults = concat $faults (include "countersign.metricsFaults" . | fromJsonArray) -}}
{{- end -}}
{{- if .Values.server.enabled -}}
{{- $faults = concat $faults (include "countersign.tlsFaults" . | fromJsonArray) (include "countersign.authenticationFaults" . | fromJsonArray)
      (include "countersign.policyFaults" . | fromJsonArray) (include "countersign.serverFaults" . | fromJsonArray) -}}
{{- end -}}
{{- if .Values.agent.enabled -}}
{{- $faults = concat $faults (include "countersign.agentFaults" . | fromJsonArray) -}}
{{- end -}}
{{- if .Values.gateway.enabled -}}
{{- $faults = concat $faults (include "countersign.gatewayFaults" . | fromJsonArray) -}}
{{- end -}}
{{- $faults = concat $faults (include "countersign.hostPortFaults" . | fromJsonArray) -}}
{{- toJson $faults -}}
{{- end -}}

{{/* Values of a mode that is not chosen; called with (list path tls fields-by-mode). */}}
{{- define "countersign.tlsModeFaults" -}}
{{- $path := index . 0 -}}
{{- $tls := index . 1 -}}
{{- $faults := list -}}
{{- range $mode, $fields := index . 2 -}}
{{- range $fields -}}
{{- if and (ne $mode $tls.mode) (get (get $tls $mode) .) -}}
{{- $faults = append $faults (printf "%s.%s.%s is set while %s.mode is %s: remove it, or set %s.mode to %s" $path $mode . $path $tls.mode $path $mode) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{- define "countersign.tlsFaults" -}}
{{- $faults := list -}}
{{- $tls := .Values.tls -}}
{{- $fields := dict "selfSigned" (list "caValidity" "certificateValidity" "renewBefore")
      "certManager" (list "issuerRef" "duration" "renewBefore") "existingSecret" (list "name" "caBundle" "annotations") -}}
{{- $faults = concat $faults (include "countersign.tlsModeFaults" (list "tls" $tls $fields) | fromJsonArray) -}}
{{- if eq $tls.mode "existingSecret" -}}
{{- if not $tls.existingSecret.name -}}
{{- $faults = append $faults "tls.mode existingSecret needs tls.existingSecret.name: the Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if not (or $tls.existingSecret.caBundle $tls.existingSecret.annotations) -}}
{{- $faults = append $faults "tls.mode existingSecret needs tls.existingSecret.caBundle, or tls.existingSecret.annotations by which somebody injects it: without a caBundle the API server trusts no certificate for *.svc" -}}
{{- end -}}
{{- if and $tls.existingSecret.caBundle $tls.existingSecret.annotations -}}
{{- $faults = append $faults "tls.existingSecret.caBundle and tls.existingSecret.annotations would both write caBundle: keep one" -}}
{{- end -}}
{{- with $tls.existingSecret.caBundle -}}
{{- if not (contains "-----BEGIN CERTIFICATE-----" .) -}}
{{- $faults = append $faults "tls.existingSecret.caBundle is no PEM: give the certificate itself (-----BEGIN CERTIFICATE-----), not its base64" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq $tls.mode "selfSigned") (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- $faults = append $faults "tls.mode selfSigned writes as the server's ServiceAccount, and serviceAccount.create is false: set serviceAccount.name to one that is there, or the grants would go to everybody's \"default\"" -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{- define "countersign.authenticationFaults" -}}
{{- $faults := list -}}
{{- $given := .Values.authentication -}}
{{- $tokens := $given.webhookTokens -}}
{{- $accounts := include "countersign.webhookTokenServiceAccounts" . | fromJsonArray -}}
{{- $plain := include "countersign.plainServiceAccounts" . | fromJsonArray -}}
{{- $enforces := eq .Values.mode "enforce" -}}
{{- range .Values.policies }}{{ if eq (default "" .mode) "enforce" }}{{ $enforces = true }}{{ end }}{{ end -}}
{{- $can := or $plain $given.clientCertificates.names (and $tokens.enabled (or $accounts $tokens.aggregatedOnly)) -}}
{{- if and $enforces (not $can) -}}
{{- $faults = append $faults "mode enforce would refuse everybody: name who calls, by authentication.webhookTokens.serviceAccounts (kube-apiserver's tokens), agent.enabled, authentication.serviceAccounts or authentication.clientCertificates.names; or set authentication.webhookTokens.aggregatedOnly where only aggregated API servers call; until then use mode observe" -}}
{{- end -}}
{{- if and (not $tokens.enabled) (or $tokens.serviceAccounts $tokens.aggregatedOnly) -}}
{{- $faults = append $faults "authentication.webhookTokens.enabled is false, so its serviceAccounts and aggregatedOnly would count for nothing: set it to true, or remove them" -}}
{{- end -}}
{{- if and $tokens.aggregatedOnly $accounts -}}
{{- $faults = append $faults "authentication.webhookTokens.aggregatedOnly says that nobody is listed, and serviceAccounts (or agent.enabled) lists somebody: keep one of them" -}}
{{- end -}}
{{- if and $given.tokenReview.enabled (not (include "countersign.acceptsTokens" .)) -}}
{{- $faults = append $faults "authentication.tokenReview has no token to ask about: enable authentication.webhookTokens, or list authentication.serviceAccounts" -}}
{{- end -}}
{{- if and (include "countersign.acceptsTokens" .) (not .Values.issuers) -}}
{{- $faults = append $faults "tokens are accepted and issuers is empty: nobody's signature could be verified; name an issuer, {name: cluster} for this cluster" -}}
{{- end -}}
{{- $ca := $given.clientCertificates.ca -}}
{{- if and $given.clientCertificates.names (not (or $ca.configMap $ca.secret)) -}}
{{- $faults = append $faults "authentication.clientCertificates.names needs a CA: set authentication.clientCertificates.ca.configMap or .secret" -}}
{{- end -}}
{{- if and $ca.configMap $ca.secret -}}
{{- $faults = append $faults "authentication.clientCertificates.ca names a configMap and a secret: keep one" -}}
{{- end -}}
{{- if and (or $ca.configMap $ca.secret) (not $given.clientCertificates.names) -}}
{{- $faults = append $faults "authentication.clientCertificates.ca without names accepts nobody: list authentication.clientCertificates.names" -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{- define "countersign.policyFaults" -}}
{{- $root := . -}}
{{- $faults := list -}}
{{- $names := dict -}}
{{- $ports := dict -}}
{{- $builtIns := include "countersign.builtInRules" . | fromYaml -}}
{{- if not (or .Values.selfTest.enabled .Values.policies) -}}
{{- $faults = append $faults "selfTest.enabled is false and policies is empty, so the server would serve nothing: name a policy, or leave the self-test" -}}
{{- end -}}
{{- range $index, $policy := .Values.policies -}}
{{- $where := printf "policies[%d]" $index -}}
{{- $sources := list -}}
{{- range $key := list "builtIn" "configMap" "source" }}{{ if get $policy $key }}{{ $sources = append $sources $key }}{{ end }}{{ end -}}
{{- if ne (len $sources) 1 -}}
{{- $faults = append $faults (printf "%s needs exactly one of builtIn, configMap and source, and has %s" $where (default "none" (join ", " $sources))) -}}
{{- end -}}
{{- if and (not $policy.builtIn) (not $policy.name) -}}
{{- $faults = append $faults (printf "%s.name is required for a policy that is not built in: it becomes its path, its webhook's name and its volume's" $where) -}}
{{- end -}}
{{- if and $policy.builtIn (not (hasKey $builtIns $policy.builtIn)) -}}
{{- $faults = append $faults (printf "%s.builtIn %q is not known: there is %s" $where $policy.builtIn (keys $builtIns | sortAlpha | join ", ")) -}}
{{- end -}}
{{- if and (not $policy.builtIn) (not $policy.rules) -}}
{{- $faults = append $faults (printf "%s.rules is required for a policy that is not built in: they say for which requests the API server calls it" $where) -}}
{{- end -}}
{{- if and $policy.parameters (not $policy.builtIn) -}}
{{- $faults = append $faults (printf "%s.parameters are for a built-in policy; a file of yours has none" $where) -}}
{{- end -}}
{{- if and $policy.file (not $policy.configMap) -}}
{{- $faults = append $faults (printf "%s.file is the key of a configMap: set %s.configMap as well, or remove it" $where $where) -}}
{{- end -}}
{{- if and $policy.reinvocationPolicy (not $policy.mutating) -}}
{{- $faults = append $faults (printf "%s.reinvocationPolicy is for mutating policies: set mutating to true, or remove it" $where) -}}
{{- end -}}
{{- range $rule := default (list) $policy.rules -}}
{{- $faults = concat $faults (include "countersign.ruleFaults" (list $where $rule) | fromJsonArray) -}}
{{- end -}}
{{- if and (eq (default "" $policy.failurePolicy) "Fail") (include "countersign.nobodyServes" $root) -}}
{{- $faults = append $faults (printf "%s.failurePolicy is Fail and server.replicaCount is 0: every request it matches would be refused; use Ignore, or replicas" $where) -}}
{{- end -}}
{{- end -}}
{{- range $route := include "countersign.routes" . | fromJsonArray -}}
{{- if hasKey $names $route.name -}}
{{- $faults = append $faults (printf "two policies are called %q: give each a name of its own" $route.name) -}}
{{- end -}}
{{- $_ := set $names $route.name true -}}
{{- $port := printf "%d" (int $route.port) -}}
{{- if hasKey $ports $port -}}
{{- $faults = append $faults (printf "Service port %s is that of %q and of %q: whoever presents a token knows host and port only, so give each a port of its own" $port (get $ports $port) $route.name) -}}
{{- end -}}
{{- $_ := set $ports $port $route.name -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{/* What a rule must not send here; called with (list where rule). */}}
{{- define "countersign.ruleFaults" -}}
{{- $where := index . 0 -}}
{{- $rule := index . 1 -}}
{{- $faults := list -}}
{{- if has "*" $rule.apiGroups -}}
{{- $faults = append $faults (printf "%s.rules: apiGroups \"*\" would make every write of the cluster wait for this webhook, leases and its own pods included: name the groups" $where) -}}
{{- end -}}
{{- if or (has "authentication.k8s.io" $rule.apiGroups) (has "authorization.k8s.io" $rule.apiGroups) -}}
{{- $faults = append $faults (printf "%s.rules: tokenreviews, subjectaccessreviews and what else is in authentication.k8s.io and authorization.k8s.io are questions that answering needs this webhook's callers for: leave these groups out" $where) -}}
{{- end -}}
{{- if has "" $rule.apiGroups -}}
{{- range $resource := list "serviceaccounts/token" "serviceaccounts/*" "*/token" "*/*" -}}
{{- if has $resource $rule.resources -}}
{{- $faults = append $faults (printf "%s.rules: %q matches serviceaccounts/token, the request for the very token this webhook is called with: name other resources" $where $resource) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{- define "countersign.nobodyServes" -}}
{{- if and (eq (int .Values.server.replicaCount) 0) (not .Values.autoscaling.enabled) }}true{{ end -}}
{{- end -}}

{{- define "countersign.serverFaults" -}}
{{- $faults := list -}}
{{- $server := .Values.server -}}
{{- if include "countersign.nobodyServes" . -}}
{{- if eq .Values.webhooks.failurePolicy "Fail" -}}
{{- $faults = append $faults "webhooks.failurePolicy is Fail and server.replicaCount is 0: every request that a policy matches would be refused; use Ignore, or replicas" -}}
{{- else if and (eq .Values.mode "enforce") (not .Values.webhooks.failurePolicy) .Values.policies -}}
{{- $faults = append $faults "mode enforce means failurePolicy Fail, and server.replicaCount is 0: every request that a policy matches would be refused; set replicas, or webhooks.failurePolicy to Ignore" -}}
{{- end -}}
{{- end -}}
{{- $faults = concat $faults (include "countersign.deploymentFaults" (list "server" "" $server .Values.podDisruptionBudget .Values.autoscaling) | fromJsonArray) -}}
{{- toJson $faults -}}
{{- end -}}

{{/* Two components on one node's network. */}}
{{- define "countersign.hostPortFaults" -}}
{{- $root := . -}}
{{- $faults := list -}}
{{- $taken := dict -}}
{{- range $component := list "server" "gateway" "agent" -}}
{{- $settings := get $root.Values $component -}}
{{- range $field := list "port" "adminPort" -}}
{{- if and $settings.enabled $settings.hostNetwork (hasKey $settings $field) -}}
{{- $port := get $settings $field | int | toString -}}
{{- $other := get $taken $port -}}
{{- if and $other (ne (splitList "." $other | first) $component) -}}
{{- $faults = append $faults (printf "%s and %s.%s are both %s on the nodes' network, so one of their pods could not run beside the other's: give each its own" $other $component $field $port) -}}
{{- end -}}
{{- $_ := set $taken $port (printf "%s.%s" $component $field) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{- define "countersign.metricsFaults" -}}
{{- $faults := list -}}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service.enabled) -}}
{{- $faults = append $faults "metrics.serviceMonitor needs the Service it monitors: set metrics.service.enabled, or use metrics.podMonitor" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled -}}
{{- $faults = append $faults "metrics.serviceMonitor and metrics.podMonitor would both count every server: keep one" -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{/*
What server and gateway can contradict alike; called with (list component prefix settings budget autoscaling), where prefix is
before the names of the last two.
*/}}
{{- define "countersign.deploymentFaults" -}}
{{- $component := index . 0 -}}
{{- $prefix := index . 1 -}}
{{- $settings := index . 2 -}}
{{- $budget := index . 3 -}}
{{- $autoscaling := index . 4 -}}
{{- $faults := list -}}
{{- if eq (int $settings.port) (int $settings.adminPort) -}}
{{- $faults = append $faults (printf "%s.port and %s.adminPort are both %d: give each its own" $component $component (int $settings.port)) -}}
{{- end -}}
{{- $drain := add (int $settings.drain.delaySeconds) (int $settings.drain.timeoutSeconds) -}}
{{- $grace := $settings.terminationGracePeriodSeconds -}}
{{- if and (not (kindIs "invalid" $grace)) (le (int $grace) (int $drain)) -}}
{{- $faults = append $faults (printf "%s.terminationGracePeriodSeconds %d ends a server that still drains for %d s: raise it, or lower %s.drain" $component (int $grace) (int $drain) $component) -}}
{{- end -}}
{{- if and $autoscaling.enabled (gt (int $autoscaling.minReplicas) (int $autoscaling.maxReplicas)) -}}
{{- $faults = append $faults (printf "%sautoscaling.minReplicas is more than %sautoscaling.maxReplicas: lower one, or raise the other" $prefix $prefix) -}}
{{- end -}}
{{- if and (not (kindIs "invalid" $settings.tracing.samplingRatio)) (not $settings.tracing.endpoint) -}}
{{- $faults = append $faults (printf "%s.tracing.samplingRatio without %s.tracing.endpoint traces nothing: set the endpoint, or remove it" $component $component) -}}
{{- end -}}
{{- if and $budget.enabled (kindIs "float64" $budget.minAvailable) (not $autoscaling.enabled) (ge (int $budget.minAvailable) (int $settings.replicaCount)) -}}
{{- $faults = append $faults (printf "%spodDisruptionBudget.minAvailable %d of %d replicas lets no node be drained: lower it, or use maxUnavailable" $prefix (int $budget.minAvailable) (int $settings.replicaCount)) -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}

{{- define "countersign.agentFaults" -}}
{{- $faults := list -}}
{{- $agent := .Values.agent -}}
{{- if and (not $agent.serviceAccount.create) (not $agent.serviceAccount.name) -}}
{{- $faults = append $faults "agent.serviceAccount.create is false: set agent.serviceAccount.name to the ServiceAccount whose tokens the agent gives out" -}}
{{- end -}}
{{- if and (eq $agent.mode "attested") (not $agent.apiGroup) -}}
{{- $faults = append $faults "agent.apiGroup is required with agent.mode attested: \"*\" for kube-apiserver, the one group of an aggregated API server" -}}
{{- end -}}
{{- if and (eq $agent.mode "attested") $agent.audiences -}}
{{- $faults = append $faults "agent.audiences goes with agent.mode audience: an attested token's audience is that of the webhook; remove it" -}}
{{- end -}}
{{- if and (kindIs "invalid" $agent.tracing.samplingRatio | not) (not $agent.tracing.endpoint) -}}
{{- $faults = append $faults "agent.tracing.samplingRatio without agent.tracing.endpoint traces nothing: set the endpoint, or remove it" -}}
{{- end -}}
{{- if and .Values.server.enabled (eq $agent.mode "attested") (not .Values.authentication.webhookTokens.enabled) -}}
{{- $faults = append $faults "the agent gives out webhook-bound tokens and authentication.webhookTokens.enabled is false: enable it, or set agent.mode to audience" -}}
{{- end -}}
{{- toJson $faults -}}
{{- end -}}
