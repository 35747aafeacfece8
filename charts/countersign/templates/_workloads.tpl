{{/*
What the Deployments of server and gateway have in common. `settings` is `.Values.server` or `.Values.gateway`, whose
values are called alike.
*/}}

{{/* Long enough to drain; 10 s more are for what ends then. Called with settings. */}}
{{- define "countersign.gracePeriodSeconds" -}}
{{- if kindIs "invalid" .terminationGracePeriodSeconds -}}
{{- add (int .drain.delaySeconds) (int .drain.timeoutSeconds) 10 -}}
{{- else -}}
{{- int .terminationGracePeriodSeconds -}}
{{- end -}}
{{- end -}}

{{/* The Deployment but for its pods; called with (list $ component settings autoscaling). */}}
{{- define "countersign.deployment" -}}
{{- $settings := index . 2 -}}
{{- if not (index . 3).enabled -}}
replicas: {{ int $settings.replicaCount }}
{{ end -}}
revisionHistoryLimit: {{ int $settings.revisionHistoryLimit }}
strategy:
  {{- toYaml $settings.strategy | nindent 2 }}
selector:
  matchLabels:
    {{- include "countersign.selectorLabels" . | nindent 4 }}
{{- end -}}

{{/* Called with (list $ component settings configuration); the configuration's text restarts what is not reloaded. */}}
{{- define "countersign.podMetadata" -}}
{{- $settings := index . 2 -}}
labels:
  {{- include "countersign.podLabels" . | nindent 2 }}
  {{- with $settings.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  checksum/configuration: {{ index . 3 | sha256sum }}
  {{- with mergeOverwrite (dict) (index . 0).Values.commonAnnotations $settings.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Where and how pods run; called with (list $ component settings). */}}
{{- define "countersign.podSettings" -}}
{{- $settings := index . 2 -}}
{{- with (index . 0).Values.imagePullSecrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{ end -}}
terminationGracePeriodSeconds: {{ include "countersign.gracePeriodSeconds" $settings }}
securityContext:
  {{- toYaml $settings.podSecurityContext | nindent 2 }}
{{- with $settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $settings.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- if $settings.hostNetwork }}
hostNetwork: true
{{- end }}
{{- with default (ternary "ClusterFirstWithHostNet" "" $settings.hostNetwork) $settings.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with $settings.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{ include "countersign.spread" . }}
{{- with $settings.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Apart from one another where that is possible, unless settings say otherwise; called with (list $ component settings). */}}
{{- define "countersign.spread" -}}
{{- $pods := . -}}
{{- $settings := index . 2 -}}
affinity:
  {{- if $settings.affinity }}
  {{- toYaml $settings.affinity | nindent 2 }}
  {{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "countersign.selectorLabels" . | nindent 14 }}
  {{- end }}
topologySpreadConstraints:
  {{- if $settings.topologySpreadConstraints }}
  {{- toYaml $settings.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "countersign.selectorLabels" $pods | nindent 8 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* A container but for its name and volumes; called with (list $ settings command file). */}}
{{- define "countersign.container" -}}
{{- $root := index . 0 -}}
{{- $settings := index . 1 -}}
image: {{ include "countersign.image" $root }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
args:
  - {{ index . 2 }}
  - --config=/etc/countersign/{{ index . 3 }}
  {{- with $settings.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $settings.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $settings.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
ports:
  - {name: https, containerPort: {{ int $settings.port }}, protocol: TCP}
  - {name: metrics, containerPort: {{ int $settings.adminPort }}, protocol: TCP}
{{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" }}
{{ $probe }}:
  httpGet: {path: {{ ternary "/readyz" "/livez" (eq $probe "readinessProbe") }}, port: metrics}
  {{- toYaml (get $settings $probe) | nindent 2 }}
{{- end }}
resources:
  {{- toYaml $settings.resources | nindent 2 }}
securityContext:
  {{- toYaml $settings.securityContext | nindent 2 }}
{{- end -}}

{{/* PodDisruptionBudget and HorizontalPodAutoscaler; called with (list $ component name budget autoscaling). */}}
{{- define "countersign.availability" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $name := index . 2 -}}
{{- $budget := index . 3 -}}
{{- $autoscaling := index . 4 -}}
{{- if $budget.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  {{- include "countersign.metadata" (list $root $component dict) | nindent 2 }}
spec:
  {{- if not (kindIs "invalid" $budget.minAvailable) }}
  minAvailable: {{ $budget.minAvailable }}
  {{- else }}
  maxUnavailable: {{ $budget.maxUnavailable }}
  {{- end }}
  unhealthyPodEvictionPolicy: {{ $budget.unhealthyPodEvictionPolicy }}
  selector:
    matchLabels:
      {{- include "countersign.selectorLabels" (list $root $component) | nindent 6 }}
{{- end }}
{{- if $autoscaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  {{- include "countersign.metadata" (list $root $component dict) | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ $name }}}
  minReplicas: {{ int $autoscaling.minReplicas }}
  maxReplicas: {{ int $autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ int $autoscaling.targetCPUUtilizationPercentage }}}
  {{- with $autoscaling.behavior }}
  behavior:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* A Service but for its ports; called with (list $ component name given), where given is `.Values.service` or the gateway's. */}}
{{- define "countersign.service" -}}
{{- $given := index . 3 -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ index . 2 }}
  namespace: {{ (index . 0).Release.Namespace }}
  {{- include "countersign.metadata" (list (index . 0) (index . 1) $given.annotations) | nindent 2 }}
spec:
  type: {{ $given.type }}
  {{- with $given.ipFamilyPolicy }}
  ipFamilyPolicy: {{ . }}
  {{- end }}
  {{- with $given.ipFamilies }}
  ipFamilies: {{ toJson . }}
  {{- end }}
  selector:
    {{- include "countersign.selectorLabels" . | nindent 4 }}
{{- end -}}

{{/*
A NetworkPolicy; called with a dict of root, component, name, from (who calls), metricsFrom, test (whether the test's pods call
as well), and egress, the rules beside DNS.
*/}}
{{- define "countersign.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  {{- include "countersign.metadata" (list .root .component dict) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "countersign.selectorLabels" (list .root .component) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - {port: https, protocol: TCP}
      {{- with .from }}
      from:
        {{- toYaml . | nindent 8 }}
        {{- if $.test }}
        - podSelector:
            matchLabels:
              {{- include "countersign.selectorLabels" (list $.root "test") | nindent 14 }}
        {{- end }}
      {{- end }}
    - ports:
        - {port: metrics, protocol: TCP}
      {{- with .metricsFrom }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  egress:
    - ports:
        - {port: 53, protocol: UDP}
        - {port: 53, protocol: TCP}
    {{- with .egress }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* An egress rule for these ports; called with (list ports). */}}
{{- define "countersign.egressPorts" -}}
- ports:
    {{- range index . 0 }}
    - {port: {{ int . }}, protocol: TCP}
    {{- end }}
{{- end -}}

{{/* Where metrics are read; called with (list $ component name). */}}
{{- define "countersign.metricsService" -}}
{{- $root := index . 0 -}}
{{- $labels := dict "countersign.dev/service" "metrics" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ index . 2 }}-metrics
  namespace: {{ $root.Release.Namespace }}
  {{- include "countersign.metadata" (list $root (index . 1) $root.Values.metrics.service.annotations $labels) | nindent 2 }}
spec:
  type: ClusterIP
  selector:
    {{- include "countersign.selectorLabels" . | nindent 4 }}
  ports:
    - {name: metrics, port: {{ int $root.Values.metrics.service.port }}, targetPort: metrics, protocol: TCP}
{{- end -}}

{{/* A ConfigMap's or Secret's key as the file ca.crt; called with (list volume {configMap, secret, key}). */}}
{{- define "countersign.caVolume" -}}
{{- $ca := index . 1 -}}
- name: {{ index . 0 }}
  {{- if $ca.configMap }}
  configMap: {name: {{ $ca.configMap }}, items: [{key: {{ $ca.key }}, path: ca.crt}]}
  {{- else }}
  secret: {secretName: {{ $ca.secret }}, items: [{key: {{ $ca.key }}, path: ca.crt}]}
  {{- end }}
{{- end -}}
