{{/*
A certificate by cert-manager, with a CA of its own where no issuer is named; called with a dict of root, component, name,
secret, dnsNames, ipAddresses and given: issuerRef, duration, renewBefore.
*/}}
{{- define "countersign.certManagerCertificate" -}}
{{- $namespace := .root.Release.Namespace -}}
{{- $metadata := include "countersign.metadata" (list .root .component dict) -}}
{{- $issuer := .given.issuerRef -}}
{{- if not $issuer -}}
{{- $issuer = dict "kind" "Issuer" "name" (printf "%s-ca" .name) -}}
# the CA signs itself and lives long; what it signs is replaced below it, so that caBundle stays when certificates change
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: {{ .name }}-self-signed
  namespace: {{ $namespace }}
  {{- $metadata | nindent 2 }}
spec:
  selfSigned: {}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ .name }}-ca
  namespace: {{ $namespace }}
  {{- $metadata | nindent 2 }}
spec:
  isCA: true
  commonName: {{ .name }}-ca
  secretName: {{ .name }}-ca
  duration: 43800h
  privateKey: {algorithm: ECDSA, size: 256}
  issuerRef: {kind: Issuer, name: {{ .name }}-self-signed}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata:
  name: {{ .name }}-ca
  namespace: {{ $namespace }}
  {{- $metadata | nindent 2 }}
spec:
  ca: {secretName: {{ .name }}-ca}
---
{{ end -}}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ .name }}
  namespace: {{ $namespace }}
  {{- $metadata | nindent 2 }}
spec:
  secretName: {{ .secret }}
  dnsNames:
    {{- range .dnsNames }}
    - {{ . }}
    {{- end }}
  {{- with .ipAddresses }}
  ipAddresses: {{ toJson . }}
  {{- end }}
  duration: {{ default "2160h" .given.duration }}
  renewBefore: {{ default "720h" .given.renewBefore }}
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
  usages: [server auth]
  issuerRef: {{ toJson $issuer }}
{{- end -}}
