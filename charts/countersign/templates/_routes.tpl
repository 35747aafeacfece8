{{/*
The rules of built-in policies, as their `match` has them (src/policies/built-in): JSON by name.
*/}}
{{- define "countersign.builtInRules" -}}
trusted-registries:
  - operations: [CREATE, UPDATE]
    apiGroups: [""]
    apiVersions: [v1]
    resources: [pods, pods/ephemeralcontainers]
{{- end -}}

{{/*
Every path that is served, as a JSON list. Policies keep their port when others come and go behind them; the self-test's
is 443 whether it is there or not.
*/}}
{{- define "countersign.routes" -}}
{{- $root := . -}}
{{- $routes := list -}}
{{- if .Values.selfTest.enabled -}}
{{- $rule := dict "operations" (list "CREATE") "apiGroups" (list "countersign.dev") "apiVersions" (list "v1alpha1") "resources" (list "selftests") -}}
{{- $routes = append $routes (dict "name" "self-test" "type" "validating" "path" "/self-test" "port" 443 "mode" "observe"
      "failurePolicy" "Ignore" "timeoutSeconds" (int .Values.webhooks.timeoutSeconds) "rules" (list $rule)
      "policy" (dict "file" "/policies/chart/self-test.ts")) -}}
{{- end -}}
{{- range $index, $policy := .Values.policies -}}
{{- $name := default (default (printf "policy-%d" $index) $policy.builtIn) $policy.name -}}
{{- $mode := default $root.Values.mode $policy.mode -}}
{{- $type := ternary "mutating" "validating" (default false $policy.mutating) -}}
{{- $failurePolicy := default (default (ternary "Fail" "Ignore" (eq $mode "enforce")) $root.Values.webhooks.failurePolicy) $policy.failurePolicy -}}
{{- $builtIns := include "countersign.builtInRules" $root | fromYaml -}}
{{- $route := dict "name" $name "type" $type "path" (printf "/%s/%s" (ternary "mutate" "validate" (eq $type "mutating")) $name)
      "port" (int (default (add 444 $index) $policy.port)) "mode" $mode "failurePolicy" $failurePolicy
      "timeoutSeconds" (int (default $root.Values.webhooks.timeoutSeconds $policy.timeoutSeconds))
      "rules" (default (default (list) (get $builtIns (default "" $policy.builtIn))) $policy.rules) -}}
{{- range $key := list "namespaceSelector" "objectSelector" "matchConditions" "matchPolicy" "reinvocationPolicy" "subresourceGroups" -}}
{{- if get $policy $key }}{{ $_ := set $route $key (get $policy $key) }}{{ end -}}
{{- end -}}
{{- $source := dict -}}
{{- if $policy.builtIn -}}
{{- $_ := set $source "builtIn" $policy.builtIn -}}
{{- $parameters := default (dict) $policy.parameters -}}
{{- if and (eq $policy.builtIn "trusted-registries") (not $parameters.registries) -}}
{{- $parameters = merge (dict "registries" (list (include "countersign.imageRegistry" $root))) $parameters -}}
{{- end -}}
{{- if $parameters }}{{ $_ := set $source "parameters" $parameters }}{{ end -}}
{{- else if $policy.configMap -}}
{{- $_ := set $source "file" (printf "/policies/config-maps/%s/%s" $name (default "policy.ts" $policy.file)) -}}
{{- else -}}
{{- $_ := set $source "file" (printf "/policies/chart/%s.ts" $name) -}}
{{- end -}}
{{- $_ := set $route "policy" $source -}}
{{- $routes = append $routes $route -}}
{{- end -}}
{{- range $route := $routes -}}
{{- $_ := set $route "audience" (printf "https://%s:%d%s" (include "countersign.host" $root) (int $route.port) $route.path) -}}
{{- $_ := set $route "webhook" (printf "%s.countersign.dev" $route.name) -}}
{{- end -}}
{{- toJson $routes -}}
{{- end -}}

{{/* Routes of one type; called with (list $ type). */}}
{{- define "countersign.routesOfType" -}}
{{- $type := index . 1 -}}
{{- $found := list -}}
{{- range include "countersign.routes" (index . 0) | fromJsonArray }}{{ if eq .type $type }}{{ $found = append $found . }}{{ end }}{{ end -}}
{{- toJson $found -}}
{{- end -}}

{{/*
One webhook; called with (list $ route). kube-system, the release's own namespace and that of the nodes' heartbeats are left
out by a label that only the API server writes, whatever else is selected: whatever becomes of us can be healed.
*/}}
{{- define "countersign.webhook" -}}
{{- $root := index . 0 -}}
{{- $route := index . 1 -}}
{{- $selector := default (dict) $route.namespaceSelector -}}
{{- $excluded := concat (list "kube-system" "kube-node-lease" $root.Release.Namespace) $root.Values.webhooks.excludedNamespaces | uniq -}}
- name: {{ $route.webhook }}
  admissionReviewVersions: [v1]
  clientConfig:
    {{- if and (eq $root.Values.tls.mode "existingSecret") $root.Values.tls.existingSecret.caBundle }}
    caBundle: {{ $root.Values.tls.existingSecret.caBundle | b64enc }}
    {{- end }}
    service:
      namespace: {{ $root.Release.Namespace }}
      name: {{ include "countersign.fullname" $root }}
      path: {{ $route.path }}
      port: {{ int $route.port }}
  failurePolicy: {{ $route.failurePolicy }}
  matchPolicy: {{ default "Equivalent" $route.matchPolicy }}
  {{- if eq $route.type "mutating" }}
  reinvocationPolicy: {{ default "Never" $route.reinvocationPolicy }}
  {{- end }}
  sideEffects: None
  timeoutSeconds: {{ int $route.timeoutSeconds }}
  namespaceSelector:
    {{- with $selector.matchLabels }}
    matchLabels:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: NotIn
        values:
          {{- toYaml $excluded | nindent 10 }}
      {{- with $selector.matchExpressions }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
  objectSelector: {{ default (dict) $route.objectSelector | toJson }}
  {{- with $route.matchConditions }}
  matchConditions:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range $route.rules }}
    - operations: {{ toJson .operations }}
      apiGroups: {{ toJson .apiGroups }}
      apiVersions: {{ toJson .apiVersions }}
      resources: {{ toJson .resources }}
      scope: {{ default "*" .scope | quote }}
    {{- end }}
{{- end -}}

{{/* Annotations of both webhook configurations: who keeps `caBundle`. */}}
{{- define "countersign.webhookAnnotations" -}}
{{- $annotations := mergeOverwrite (dict) .Values.commonAnnotations .Values.webhooks.annotations -}}
{{- if eq .Values.tls.mode "selfSigned" -}}
{{- $_ := set $annotations "countersign.dev/inject-ca-from-secret" (printf "%s/%s" .Release.Namespace (include "countersign.tlsSecretName" .)) -}}
{{- else if eq .Values.tls.mode "certManager" -}}
{{- $_ := set $annotations "cert-manager.io/inject-ca-from" (printf "%s/%s" .Release.Namespace (include "countersign.fullname" .)) -}}
{{- else -}}
{{- $annotations = mergeOverwrite $annotations .Values.tls.existingSecret.annotations -}}
{{- end -}}
{{- toYaml $annotations -}}
{{- end -}}
