{{/* Every alert, as a YAML list; each has its paragraph in docs/runbooks.md. Server's, gateway's and agent's, each where it is installed. */}}
{{- define "countersign.alerts" -}}
{{- $in := printf "namespace=%q" .Release.Namespace -}}
{{- if .Values.server.enabled }}
- alert: CountersignAbsent
  expr: 'absent(countersign_requests_in_flight{ {{- $in -}} })'
  for: 5m
  severity: critical
  summary: 'No Countersign server is being scraped'
  description: 'Either none runs, or Prometheus does not reach them. Webhooks with failurePolicy Fail refuse what they match while none runs.'
- alert: CountersignCallersRefused
  expr: 'sum by (path, code) (rate(countersign_authentication_total{ {{- $in -}} ,result="refused"}[5m])) > 0'
  for: 5m
  severity: warning
  summary: '{{ `Callers of {{ $labels.path }} are refused: {{ $labels.code }}` }}'
  description: 'Somebody who did not prove who they are asks for reviews. Either kube-apiserver presents no good token any more, and what it asks for is denied, or somebody else calls.'
- alert: CountersignCallersWouldBeRefused
  expr: 'sum by (path, code) (increase(countersign_authentication_total{ {{- $in -}} ,result="would_refuse",path!="/self-test"}[1h])) > 0'
  for: 1h
  severity: info
  summary: '{{ `mode enforce would refuse callers of {{ $labels.path }}: {{ $labels.code }}` }}'
  description: 'As long as this fires, switching to mode enforce would refuse real requests.'
- alert: CountersignReviewsRefused
  expr: 'sum by (path, code) (rate(countersign_refused_reviews_total{ {{- $in -}} }[10m])) > 0'
  for: 10m
  severity: warning
  summary: '{{ `Reviews at {{ $labels.path }} are refused for what they are: {{ $labels.code }}` }}'
  description: 'Reviews arrive that are too large, too slow, or no reviews at all.'
- alert: CountersignPolicyFailing
  expr: 'sum by (path, policy, code) (rate(countersign_policy_verdicts_total{ {{- $in -}} ,outcome="failed"}[5m])) > 0'
  for: 5m
  severity: critical
  summary: '{{ `Policy {{ $labels.policy }} fails: {{ $labels.code }}` }}'
  description: 'The policy throws, answers nothing or takes too long; each such review is denied.'
- alert: CountersignSlow
  expr: 'histogram_quantile(0.99, sum by (le, path) (rate(countersign_request_duration_seconds_bucket{ {{- $in -}} }[5m]))) > 1'
  for: 10m
  severity: warning
  summary: '{{ `One of a hundred reviews at {{ $labels.path }} takes longer than a second` }}'
  description: 'Every write that the webhook matches waits for it; beyond its timeoutSeconds its failurePolicy decides.'
- alert: CountersignIssuerKeysMissing
  expr: 'max by (issuer, pod) (countersign_issuer_keys{ {{- $in -}} }) == 0 or (max by (issuer, pod) (countersign_issuer_key_fetches_total{ {{- $in -}} ,outcome="failed"}) > 0 unless on (issuer, pod) countersign_issuer_keys{ {{- $in -}} })'
  for: 5m
  severity: critical
  summary: '{{ `{{ $labels.pod }} holds no keys of issuer {{ $labels.issuer }}` }}'
  description: 'No token of this issuer can be verified; with mode enforce its callers are refused.'
- alert: CountersignIssuerKeyFetchesFailing
  expr: 'sum by (issuer) (increase(countersign_issuer_key_fetches_total{ {{- $in -}} ,outcome="failed"}[30m])) > 3'
  for: 30m
  severity: warning
  summary: '{{ `The keys of issuer {{ $labels.issuer }} cannot be fetched` }}'
  description: 'What is held goes on; new keys are not seen, and withdrawn ones not dropped.'
{{- if eq .Values.tls.mode "selfSigned" }}
- alert: CountersignCAExpiring
  expr: 'min(countersign_ca_expiry_timestamp_seconds{ {{- $in -}} }) - time() < 7 * 24 * 3600'
  for: 1h
  severity: critical
  summary: 'The CA of the servers expires in less than a week'
  description: 'The servers replace it long before that, and publish the new one first. They cannot.'
- alert: CountersignCABundleOutdated
  expr: 'max(countersign_ca_bundle_outdated{ {{- $in -}} }) > 0'
  for: 5m
  severity: critical
  summary: 'A webhook configuration does not trust what the servers present'
  description: 'Calls by it fail as their failurePolicy says.'
- alert: CountersignSelfSignedFailing
  expr: 'sum by (code) (increase(countersign_self_signed_failures_total{ {{- $in -}} }[30m])) > 3'
  for: 30m
  severity: warning
  summary: '{{ `Certificate and CA cannot be looked after: {{ $labels.code }}` }}'
  description: 'What is served stays; once it is due it is not renewed.'
{{- end }}
- alert: CountersignPolicyMatchesMore
  expr: 'max by (path, policy) (countersign_policy_unsent_matches{ {{- $in -}} }) > 0'
  for: 15m
  severity: warning
  summary: '{{ `Policy {{ $labels.policy }} matches resources that {{ $labels.path }} is never sent` }}'
  description: 'Somebody relies on a check that is not made: the webhook has fewer rules than the policy matches.'
{{- end }}
{{- if or .Values.server.enabled .Values.gateway.enabled }}
- alert: CountersignReloadFailed
  expr: 'max by (what, file, pod) (countersign_last_reload_failed{ {{- $in -}} }) == 1'
  for: 10m
  severity: warning
  summary: '{{ `{{ $labels.pod }} could not read its {{ $labels.what }} again` }}'
  description: 'What was read before is still in use; a pod that starts now would fail.'
- alert: CountersignCertificateExpiring
  expr: 'min by (pod) (countersign_certificate_expiry_timestamp_seconds{ {{- $in -}} }) - time() < 7 * 24 * 3600'
  for: 1h
  severity: critical
  summary: '{{ `The serving certificate of {{ $labels.pod }} expires in less than a week` }}'
  description: 'It is renewed long before that. Whatever should have done it does not.'
{{- end }}
{{- if .Values.gateway.enabled }}
- alert: CountersignGatewayAbsent
  expr: 'absent(countersign_gateway_open_streams{ {{- $in -}} })'
  for: 5m
  severity: critical
  summary: 'No gateway is being scraped'
  description: 'Either none runs, or Prometheus does not reach them. Tenants read neither logs nor metrics while none runs.'
- alert: CountersignGatewayFailing
  expr: 'sum(rate(countersign_gateway_requests_total{ {{- $in -}} ,code=~"5.."}[5m])) / sum(rate(countersign_gateway_requests_total{ {{- $in -}} }[5m])) > 0.05'
  for: 10m
  severity: critical
  summary: 'One of twenty requests of the gateway fails'
  description: 'The API server cannot be asked who somebody is or what they may do, or kubelets cannot be read.'
- alert: CountersignKubeletUnverified
  expr: 'sum(rate(countersign_kubelet_requests_total{ {{- $in -}} ,code="ERR_KUBELET_CERTIFICATE"}[10m])) > 0'
  for: 10m
  severity: warning
  summary: 'Kubelets'' serving certificates do not verify'
  description: 'They have expired, are of another CA, or not for the address that is dialled. Nothing is read from these nodes but by who asks for it unverified.'
{{- if eq .Values.gateway.kubelet.nodeNames "verify" }}
- alert: CountersignKubeletNotItsNode
  expr: 'sum(increase(kube_apiserver_validation_kubelet_cert_cn_total{ {{- $in -}} ,status="failure"}[30m])) > 0'
  for: 1m
  severity: warning
  summary: 'A kubelet shows a certificate that is not its node''s'
  description: 'Either kubelets'' certificates do not name their nodes, or a node has written the address of another as its own.'
{{- end }}
- alert: CountersignKubeletRefusing
  expr: 'sum by (status) (rate(countersign_kubelet_requests_total{ {{- $in -}} ,status=~"401|403"}[10m])) > 0'
  for: 10m
  severity: critical
  summary: '{{ `Kubelets refuse the gateway: {{ $labels.status }}` }}'
  description: 'They do not know its client certificate (401), or its user lacks a grant (403).'
- alert: CountersignKubeletClientCertificateExpiring
  expr: 'min by (pod) (countersign_gateway_kubelet_certificate_expiry_timestamp_seconds{ {{- $in -}} }) - time() < 28 * 24 * 3600'
  for: 1h
  severity: critical
  summary: '{{ `The certificate that {{ $labels.pod }} shows kubelets expires in less than four weeks` }}'
  description: 'Somebody has to have the next one signed. Nothing is read from kubelets without it.'
- alert: CountersignInsecureBackendUsed
  expr: 'sum(increase(kube_apiserver_pod_logs_insecure_backend_total{ {{- $in -}} ,usage="skip_tls_allowed"}[1h])) > 0'
  for: 0m
  severity: info
  summary: 'Logs were read from kubelets that nobody verified'
  description: 'Somebody said --insecure-skip-tls-verify-backend. What they were shown may be anybody''s.'
{{- end }}
{{- if .Values.agent.enabled }}
- alert: CountersignAgentTokenMissing
  expr: 'max by (host, code, pod) (countersign_agent_token_missing{ {{- $in -}} }) == 1'
  for: 5m
  severity: warning
  summary: '{{ `The agent has no token for {{ $labels.host }}: {{ $labels.code }}` }}'
  description: 'kube-apiserver calls the webhook without a good token; with mode enforce it is refused.'
- alert: CountersignAgentTokenExpiring
  expr: 'min by (host, pod) (countersign_agent_token_expiry_timestamp_seconds{ {{- $in -}} }) - time() < 60'
  for: 2m
  severity: critical
  summary: '{{ `The agent''s token for {{ $labels.host }} is not renewed` }}'
  description: 'Tokens live ten minutes and are renewed after eight.'
- alert: CountersignAgentTokenRequestIntercepted
  expr: 'max by (host, webhook) (countersign_agent_token_request_intercepted{ {{- $in -}} }) == 1'
  for: 5m
  severity: warning
  summary: '{{ `{{ $labels.webhook }} is called for the request that brings its own token` }}'
  description: 'While no token is held, none can be had.'
- alert: CountersignAgentNotSynced
  expr: 'min by (pod) (countersign_agent_configurations_synced{ {{- $in -}} }) == 0'
  for: 10m
  severity: warning
  summary: '{{ `The agent {{ $labels.pod }} has not read the webhook configurations` }}'
  description: 'It knows no webhook, so it has no token for any.'
- alert: CountersignAgentTokenFileWritesFailing
  expr: 'sum by (host, pod) (increase(countersign_agent_token_file_writes_total{ {{- $in -}} ,outcome="failed"}[15m])) > 0'
  for: 15m
  severity: critical
  summary: '{{ `The token file for {{ $labels.host }} cannot be written` }}'
  description: 'kube-apiserver goes on presenting what stands in the file until that expires.'
{{- end }}
{{- end -}}
