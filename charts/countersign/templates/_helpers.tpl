{{- define "countersign.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough that `-agent` and `-metrics` still fit into 63 letters. */}}
{{- define "countersign.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "countersign.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What finds pods; called with (list $ component). */}}
{{- define "countersign.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "countersign.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "countersign.labels" -}}
{{- $root := index . 0 -}}
{{ include "countersign.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Without versions: a new chart alone restarts nothing. */}}
{{- define "countersign.podLabels" -}}
{{ include "countersign.selectorLabels" . }}
{{- with (index . 0).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Metadata but for name and namespace; called with (list $ component annotations), and more labels where there are. */}}
{{- define "countersign.metadata" -}}
{{- $root := index . 0 -}}
{{- $annotations := mergeOverwrite (dict) $root.Values.commonAnnotations (default (dict) (index . 2)) -}}
{{- $labels := include "countersign.labels" (list $root (index . 1)) | fromYaml -}}
{{- if gt (len .) 3 }}{{ $labels = mergeOverwrite $labels (index . 3) }}{{ end -}}
labels:
{{ toYaml $labels | indent 2 }}
{{- with $annotations }}
annotations:
{{ toYaml . | indent 2 }}
{{- end }}
{{- end -}}

{{- define "countersign.image" -}}
{{- $image := .Values.image -}}
{{- $repository := $image.repository -}}
{{- if $image.registry }}{{ $repository = printf "%s/%s" $image.registry $repository }}{{ end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Where this release's own image comes from, as a container runtime reads its name: Docker Hub where no host is said. */}}
{{- define "countersign.imageRegistry" -}}
{{- $first := splitList "/" .Values.image.repository | first -}}
{{- if .Values.image.registry -}}
{{- .Values.image.registry -}}
{{- else if and (contains "/" .Values.image.repository) (or (contains "." $first) (contains ":" $first) (eq $first "localhost")) -}}
{{- $first -}}
{{- else -}}
docker.io
{{- end -}}
{{- end -}}

{{- define "countersign.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "countersign.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "countersign.agent.fullname" -}}
{{- printf "%s-agent" (include "countersign.fullname" .) -}}
{{- end -}}

{{- define "countersign.agent.serviceAccountName" -}}
{{- default (include "countersign.agent.fullname" .) .Values.agent.serviceAccount.name -}}
{{- end -}}

{{- define "countersign.host" -}}
{{- printf "%s.%s.svc" (include "countersign.fullname" .) .Release.Namespace -}}
{{- end -}}

{{/* Each mode has a Secret of its own, so that changing from one to another takes none from its new owner. */}}
{{- define "countersign.tlsSecretName" -}}
{{- if eq .Values.tls.mode "existingSecret" -}}
{{- .Values.tls.existingSecret.name -}}
{{- else if eq .Values.tls.mode "certManager" -}}
{{- printf "%s-serving" (include "countersign.fullname" .) -}}
{{- else -}}
{{- printf "%s-tls" (include "countersign.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* The token, CA and namespace that Kubernetes' own volume holds, where a pod has a use for them. */}}
{{- define "countersign.apiAccessVolume" -}}
name: api-access
projected:
  defaultMode: 288
  sources:
    - serviceAccountToken: {path: token, expirationSeconds: 3607}
    - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
    - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end -}}

{{- define "countersign.apiAccessMount" -}}
name: api-access
mountPath: /var/run/secrets/kubernetes.io/serviceaccount
readOnly: true
{{- end -}}

{{/* Whether the server asks the API server for anything: "true" or nothing. */}}
{{- define "countersign.needsApiAccess" -}}
{{- $needs := or (eq .Values.tls.mode "selfSigned") .Values.authentication.tokenReview.enabled -}}
{{- if include "countersign.acceptsTokens" . -}}
{{- range .Values.issuers }}{{ if not .url }}{{ $needs = true }}{{ end }}{{ end -}}
{{- end -}}
{{- if $needs }}true{{ end -}}
{{- end -}}

{{- define "countersign.acceptsTokens" -}}
{{- if or .Values.authentication.webhookTokens.enabled .Values.authentication.serviceAccounts }}true{{ end -}}
{{- end -}}

{{/* Whoever may present tokens for all API groups, as a JSON list. */}}
{{- define "countersign.webhookTokenServiceAccounts" -}}
{{- $accounts := .Values.authentication.webhookTokens.serviceAccounts -}}
{{- if and .Values.agent.enabled (eq .Values.agent.mode "attested") -}}
{{- $own := dict "namespace" .Release.Namespace "name" (include "countersign.agent.serviceAccountName" .) -}}
{{- $accounts = append $accounts $own | uniq -}}
{{- end -}}
{{- toJson $accounts -}}
{{- end -}}

{{- define "countersign.plainServiceAccounts" -}}
{{- $accounts := .Values.authentication.serviceAccounts -}}
{{- if and .Values.agent.enabled (eq .Values.agent.mode "audience") -}}
{{- $own := dict "namespace" .Release.Namespace "name" (include "countersign.agent.serviceAccountName" .) -}}
{{- $accounts = append $accounts $own | uniq -}}
{{- end -}}
{{- toJson $accounts -}}
{{- end -}}
