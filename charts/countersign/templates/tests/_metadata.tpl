{{/*
Everything of the test is made for it and goes with it, whatever its outcome: no caller stays. Called with
(list $ weight isPod).
*/}}
{{- define "countersign.test.metadata" -}}
{{- $annotations := dict "helm.sh/hook" "test" "helm.sh/hook-weight" (index . 1 | toString)
      "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded,hook-failed" -}}
{{- if index . 2 }}{{ $_ := set $annotations "helm.sh/hook-output-log-policy" "hook-succeeded,hook-failed" }}{{ end -}}
{{- include "countersign.metadata" (list (index . 0) "test" $annotations) -}}
{{- end -}}
