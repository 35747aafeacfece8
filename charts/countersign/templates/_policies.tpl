{{/* Whether the release has a ConfigMap of policies of its own: "true" or nothing. */}}
{{- define "countersign.hasOwnPolicies" -}}
{{- $has := .Values.selfTest.enabled -}}
{{- range .Values.policies }}{{ if .source }}{{ $has = true }}{{ end }}{{ end -}}
{{- if $has }}true{{ end -}}
{{- end -}}

{{- define "countersign.policyMounts" -}}
{{- if include "countersign.hasOwnPolicies" . }}
- {name: policies, mountPath: /policies/chart, readOnly: true}
{{- end }}
{{- range .Values.policies }}
{{- if .configMap }}
- {name: policy-{{ .name }}, mountPath: /policies/config-maps/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- define "countersign.policyVolumes" -}}
{{- if include "countersign.hasOwnPolicies" . }}
- {name: policies, configMap: {name: {{ include "countersign.fullname" . }}-policies}}
{{- end }}
{{- range .Values.policies }}
{{- if .configMap }}
- {name: policy-{{ .name }}, configMap: {name: {{ .configMap }}}}
{{- end }}
{{- end }}
{{- end -}}
