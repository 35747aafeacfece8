{{/* `authentication` of a policy's route, or of the self-test's; called with (list $ route). */}}
{{- define "countersign.authentication" -}}
{{- $root := index . 0 -}}
{{- $route := index . 1 -}}
{{- $given := $root.Values.authentication -}}
{{- $kind := ternary "MutatingWebhookConfiguration" "ValidatingWebhookConfiguration" (eq $route.type "mutating") -}}
{{- $result := dict "mode" $route.mode -}}
{{- if $given.webhookTokens.enabled -}}
{{- $tokens := dict "kinds" (list $kind) "configurations" (list (dict "name" (include "countersign.fullname" $root))) -}}
{{- with include "countersign.webhookTokenServiceAccounts" $root | fromJsonArray }}{{ $_ := set $tokens "serviceAccounts" . }}{{ end -}}
{{- with $given.webhookTokens.maxLifetime }}{{ $_ := set $tokens "maxLifetime" . }}{{ end -}}
{{- $_ := set $result "webhookTokens" $tokens -}}
{{- end -}}
{{- with include "countersign.plainServiceAccounts" $root | fromJsonArray }}{{ $_ := set $result "serviceAccounts" . }}{{ end -}}
{{- if $given.clientCertificates.names -}}
{{- $_ := set $result "clientCertificates" (dict "caFile" "/client-ca/ca.crt" "names" $given.clientCertificates.names) -}}
{{- end -}}
{{- if $given.tokenReview.enabled -}}
{{- $review := dict -}}
{{- with $given.tokenReview.implicitAudiences }}{{ $_ := set $review "implicitAudiences" . }}{{ end -}}
{{- $_ := set $result "tokenReview" $review -}}
{{- end -}}
{{- if eq (len $result) 1 }}{{ $_ := set $result "mode" "off" }}{{ end -}}
{{- toYaml $result -}}
{{- end -}}

{{/* `tracing`, or nothing without an endpoint. */}}
{{- define "countersign.tracing" -}}
{{- if .endpoint -}}
tracing:
  endpoint: {{ .endpoint | quote }}
  {{- if not (kindIs "invalid" .samplingRatio) }}
  samplingRatio: {{ .samplingRatio }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* The file `countersign serve` reads. */}}
{{- define "countersign.serverConfiguration" -}}
{{- $root := . -}}
{{- $server := .Values.server -}}
apiVersion: countersign.dev/v1alpha1
kind: ServerConfiguration
listen: {port: {{ int $server.port }}}
admin: {port: {{ int $server.adminPort }}}
tls:
  minVersion: {{ .Values.tls.minVersion }}
  {{- if eq .Values.tls.mode "selfSigned" }}
  selfSigned:
    secret: {namespace: {{ .Release.Namespace }}, name: {{ include "countersign.tlsSecretName" . }}}
    dnsNames:
      - {{ include "countersign.host" . }}
      - {{ include "countersign.host" . }}.cluster.local
    webhookConfigurations:
      {{- range $type, $kind := dict "validating" "ValidatingWebhookConfiguration" "mutating" "MutatingWebhookConfiguration" }}
      {{- if include "countersign.routesOfType" (list $root $type) | fromJsonArray }}
      - {kind: {{ $kind }}, name: {{ include "countersign.fullname" $root }}}
      {{- end }}
      {{- end }}
    {{- range $field := list "caValidity" "certificateValidity" "renewBefore" }}
    {{- with get $root.Values.tls.selfSigned $field }}
    {{ $field }}: {{ . }}
    {{- end }}
    {{- end }}
  {{- else }}
  certFile: /tls/tls.crt
  keyFile: /tls/tls.key
  {{- end }}
{{- if include "countersign.acceptsTokens" . }}
issuers:
  {{- toYaml .Values.issuers | nindent 2 }}
{{- end }}
webhooks:
  {{- range include "countersign.routes" . | fromJsonArray }}
  - path: {{ .path }}
    type: {{ .type }}
    {{- if include "countersign.acceptsTokens" $root }}
    audiences:
      - {{ .audience }}
    {{- end }}
    authentication:
      {{- include "countersign.authentication" (list $root .) | nindent 6 }}
    {{- with .subresourceGroups }}
    subresourceGroups:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    rules:
      {{- range .rules }}
      - {{ pick . "operations" "apiGroups" "apiVersions" "resources" "scope" | toJson }}
      {{- end }}
    policy: {{ toJson .policy }}
  {{- end }}
{{- with $server.leeway }}
leeway: {{ . }}
{{- end }}
{{- with $server.limits }}
limits:
  {{- toYaml . | nindent 2 }}
{{- end }}
drain: {delay: {{ int $server.drain.delaySeconds }}s, timeout: {{ int $server.drain.timeoutSeconds }}s}
{{- with include "countersign.tracing" $server.tracing }}
{{ . }}
{{- end }}
log: {level: {{ $server.logLevel }}}
{{- end -}}

{{/* The file `countersign agent` reads. */}}
{{- define "countersign.agentConfiguration" -}}
{{- $root := . -}}
{{- $agent := .Values.agent -}}
{{- $files := $agent.tokenFiles.extra -}}
{{- if and $agent.tokenFiles.enabled .Values.server.enabled -}}
{{- range include "countersign.routes" . | fromJsonArray -}}
{{- $file := printf "%s/tokens/%s-%d" $agent.hostPath (include "countersign.fullname" $root) (int .port) -}}
{{- $files = append $files (dict "host" (printf "%s:%d" (include "countersign.host" $root) (int .port)) "file" $file) -}}
{{- end -}}
{{- end -}}
apiVersion: countersign.dev/v1alpha1
kind: AgentConfiguration
serviceAccount: {namespace: {{ .Release.Namespace }}, name: {{ include "countersign.agent.serviceAccountName" . }}}
mode: {{ $agent.mode }}
{{- if eq $agent.mode "attested" }}
apiGroup: {{ $agent.apiGroup | quote }}
{{- end }}
{{- with $agent.audiences }}
audiences:
  {{- toYaml . | nindent 2 }}
{{- end }}
socket: {{ $agent.hostPath }}/agent.sock
{{- with $files }}
tokenFiles:
  {{- toYaml . | nindent 2 }}
{{- end }}
admin: {host: {{ ternary "127.0.0.1" "::" $agent.hostNetwork | quote }}, port: {{ int $agent.adminPort }}}
{{- with include "countersign.tracing" $agent.tracing }}
{{ . }}
{{- end }}
log: {level: {{ $agent.logLevel }}}
{{- end -}}
