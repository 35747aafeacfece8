/** The messages of all other kinds that are served: k8s.io/{api,apimachinery}, 1.37. For the notation see object-fields.ts. */
export const apiFields: Readonly<Record<string, string>> = {
  AggregationRule: "1 clusterRoleSelectors [LabelSelector]",
  BoundObjectReference: "1 kind string, 2 apiVersion string, 3 name string, 4 uid string",
  ClientIPConfig: "1 timeoutSeconds int32",
  ClusterRole: "1 metadata ObjectMeta, 2 rules [PolicyRule], 3 aggregationRule AggregationRule",
  ClusterRoleBinding: "1 metadata ObjectMeta, 2 subjects [Subject], 3 roleRef RoleRef",
  Condition:
    "1 type string, 2 status string, 3 observedGeneration int64?, 4 lastTransitionTime Time, 5 reason string, 6 message string",
  ConfigMap: "1 metadata ObjectMeta, 4 immutable bool, 2 data {string}, 3 binaryData {bytes}",
  ContainerExtendedResourceRequest: "1 containerName string, 2 resourceName string, 3 requestName string",
  ContainerState:
    "1 waiting ContainerStateWaiting, 2 running ContainerStateRunning, 3 terminated ContainerStateTerminated",
  ContainerStateRunning: "1 startedAt Time",
  ContainerStateTerminated:
    "1 exitCode int32?, 2 signal int32?, 3 reason string, 4 message string, 5 startedAt Time, 6 finishedAt Time, 7 containerID string",
  ContainerStateWaiting: "1 reason string, 2 message string",
  ContainerStatus:
    "1 name string, 2 state ContainerState, 3 lastState ContainerState, 4 ready bool?, 5 restartCount int32?, 6 image string, 7 imageID string, 8 containerID string, 9 started bool, 10 allocatedResources {Quantity}, 11 resources ResourceRequirements, 12 volumeMounts [VolumeMountStatus], 13 user ContainerUser, 14 allocatedResourcesStatus [ResourceStatus], 15 stopSignal string",
  ContainerUser: "1 linux LinuxContainerUser",
  DeleteOptions:
    "1 gracePeriodSeconds int64, 2 preconditions Preconditions, 3 orphanDependents bool, 4 propagationPolicy string, 5 dryRun [string], 6 ignoreStoreReadErrorWithClusterBreakingPotential bool",
  Deployment: "1 metadata ObjectMeta, 2 spec DeploymentSpec, 3 status DeploymentStatus",
  DeploymentCondition:
    "1 type string, 2 status string, 6 lastUpdateTime Time, 7 lastTransitionTime Time, 4 reason string, 5 message string",
  DeploymentSpec:
    "1 replicas int32, 2 selector LabelSelector, 3 template PodTemplateSpec, 4 strategy DeploymentStrategy, 5 minReadySeconds int32?, 6 revisionHistoryLimit int32, 7 paused bool?, 9 progressDeadlineSeconds int32",
  DeploymentStatus:
    "1 observedGeneration int64?, 2 replicas int32?, 3 updatedReplicas int32?, 7 readyReplicas int32?, 4 availableReplicas int32?, 5 unavailableReplicas int32?, 9 terminatingReplicas int32, 6 conditions [DeploymentCondition], 8 collisionCount int32",
  DeploymentStrategy: "1 type string, 2 rollingUpdate RollingUpdateDeployment",
  Eviction: "1 metadata ObjectMeta, 2 deleteOptions DeleteOptions",
  FieldSelectorAttributes: "1 rawSelector string, 2 requirements [FieldSelectorRequirement]",
  FieldSelectorRequirement: "1 key string, 2 operator string, 3 values [string]",
  HostIP: "1 ip string",
  ImageVolumeStatus: "1 imageRef string",
  LabelSelector: "1 matchLabels {string}, 2 matchExpressions [LabelSelectorRequirement]",
  LabelSelectorAttributes: "1 rawSelector string, 2 requirements [LabelSelectorRequirement]",
  LabelSelectorRequirement: "1 key string, 2 operator string, 3 values [string]",
  LinuxContainerUser: "1 uid int64?, 2 gid int64?, 3 supplementalGroups [int64]",
  LoadBalancerIngress: "1 ip string, 2 hostname string, 3 ipMode string, 4 ports [PortStatus]",
  LoadBalancerStatus: "1 ingress [LoadBalancerIngress]",
  LocalSubjectAccessReview:
    "1 metadata ObjectMeta, 2 spec SubjectAccessReviewSpec, 3 status SubjectAccessReviewStatus",
  ManagedFieldsEntry:
    "1 manager string, 2 operation string, 3 apiVersion string, 4 time Time, 6 fieldsType string, 7 fieldsV1 any, 8 subresource string",
  MatchCondition: "1 name string, 2 expression string",
  MutatingWebhook:
    "1 name string, 2 clientConfig WebhookClientConfig, 3 rules [RuleWithOperations], 4 failurePolicy string, 9 matchPolicy string, 5 namespaceSelector LabelSelector, 11 objectSelector LabelSelector, 6 sideEffects string, 7 timeoutSeconds int32, 8 admissionReviewVersions [string], 10 reinvocationPolicy string, 12 matchConditions [MatchCondition]",
  MutatingWebhookConfiguration: "1 metadata ObjectMeta, 2 webhooks [MutatingWebhook]",
  Namespace: "1 metadata ObjectMeta, 2 spec NamespaceSpec, 3 status NamespaceStatus",
  NamespaceCondition:
    "1 type string, 2 status string, 4 lastTransitionTime Time, 5 reason string, 6 message string",
  NamespaceSpec: "1 finalizers [string]",
  NamespaceStatus: "1 phase string, 2 conditions [NamespaceCondition]",
  NodeAllocatableMappedResources: "1 name string, 2 quantity Quantity",
  NodeAllocatableOverheadResources: "1 name string, 2 perPod Quantity, 3 perContainer Quantity",
  NodeAllocatableResourceClaimStatus:
    "1 resourceClaimName string, 2 containers [string], 4 mapping [NodeAllocatableMappedResources], 5 overhead [NodeAllocatableOverheadResources]",
  NonResourceAttributes: "1 path string, 2 verb string",
  NonResourceRule: "1 verbs [string], 2 nonResourceURLs [string]",
  ObjectMeta:
    "1 name string, 2 generateName string, 3 namespace string, 4 selfLink string, 5 uid string, 6 resourceVersion string, 7 generation int64?, 8 creationTimestamp Time, 9 deletionTimestamp Time, 10 deletionGracePeriodSeconds int64, 11 labels {string}, 12 annotations {string}, 13 ownerReferences [OwnerReference], 14 finalizers [string], 17 managedFields [ManagedFieldsEntry]",
  ObjectReference:
    "1 kind string, 2 namespace string, 3 name string, 4 uid string, 5 apiVersion string, 6 resourceVersion string, 7 fieldPath string",
  OwnerReference:
    "5 apiVersion string, 1 kind string, 3 name string, 4 uid string, 6 controller bool, 7 blockOwnerDeletion bool",
  Pod: "1 metadata ObjectMeta, 2 spec PodSpec, 3 status PodStatus",
  PodCondition:
    "1 type string, 7 observedGeneration int64?, 2 status string, 3 lastProbeTime Time, 4 lastTransitionTime Time, 5 reason string, 6 message string",
  PodExtendedResourceClaimStatus:
    "1 requestMappings [ContainerExtendedResourceRequest], 2 resourceClaimName string",
  PodIP: "1 ip string",
  PodResourceClaimStatus: "1 name string, 2 resourceClaimName string",
  PodStatus:
    "17 observedGeneration int64?, 1 phase string, 2 conditions [PodCondition], 3 message string, 4 reason string, 11 nominatedNodeName string, 5 hostIP string, 16 hostIPs [HostIP], 6 podIP string, 12 podIPs [PodIP], 7 startTime Time, 10 initContainerStatuses [ContainerStatus], 8 containerStatuses [ContainerStatus], 9 qosClass string, 13 ephemeralContainerStatuses [ContainerStatus], 14 resize string, 15 resourceClaimStatuses [PodResourceClaimStatus], 18 extendedResourceClaimStatus PodExtendedResourceClaimStatus, 19 allocatedResources {Quantity}, 20 resources ResourceRequirements, 21 nodeAllocatableResourceClaimStatuses [NodeAllocatableResourceClaimStatus], 22 volumeHealth [PodVolumeHealth]",
  PodTemplateSpec: "1 metadata ObjectMeta, 2 spec PodSpec",
  PodVolumeHealth: "1 name string, 2 healthConditions [VolumeHealthCondition], 3 lastTransitionTime Time",
  PolicyRule:
    "1 verbs [string], 2 apiGroups [string], 3 resources [string], 4 resourceNames [string], 5 nonResourceURLs [string]",
  PortStatus: "1 port int32?, 2 protocol string, 3 error string",
  Preconditions: "1 uid string, 2 resourceVersion string",
  ResourceAttributes:
    "1 namespace string, 2 verb string, 3 group string, 4 version string, 5 resource string, 6 subresource string, 7 name string, 8 fieldSelector FieldSelectorAttributes, 9 labelSelector LabelSelectorAttributes",
  ResourceHealth: "1 resourceID string, 2 health string, 6 message string",
  ResourceRule: "1 verbs [string], 2 apiGroups [string], 3 resources [string], 4 resourceNames [string]",
  ResourceStatus: "1 name string, 2 resources [ResourceHealth]",
  Role: "1 metadata ObjectMeta, 2 rules [PolicyRule]",
  RoleBinding: "1 metadata ObjectMeta, 2 subjects [Subject], 3 roleRef RoleRef",
  RoleRef: "1 apiGroup string, 2 kind string, 3 name string",
  RollingUpdateDeployment: "1 maxUnavailable IntOrString, 2 maxSurge IntOrString",
  Rule: "1 apiGroups [string], 2 apiVersions [string], 3 resources [string], 4 scope string",
  RuleWithOperations: "1 operations [string], 2 ~ Rule",
  Scale: "1 metadata ObjectMeta, 2 spec ScaleSpec, 3 status ScaleStatus",
  ScaleSpec: "1 replicas int32?",
  ScaleStatus: "1 replicas int32?, 2 selector string",
  Secret: "1 metadata ObjectMeta, 5 immutable bool, 2 data {bytes}, 4 stringData {string}, 3 type string",
  SelfSubjectAccessReview:
    "1 metadata ObjectMeta, 2 spec SelfSubjectAccessReviewSpec, 3 status SubjectAccessReviewStatus",
  SelfSubjectAccessReviewSpec:
    "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes",
  SelfSubjectReview: "1 metadata ObjectMeta, 2 status SelfSubjectReviewStatus",
  SelfSubjectReviewStatus: "1 userInfo UserInfo",
  SelfSubjectRulesReview:
    "1 metadata ObjectMeta, 2 spec SelfSubjectRulesReviewSpec, 3 status SubjectRulesReviewStatus",
  SelfSubjectRulesReviewSpec: "1 namespace string",
  Service: "1 metadata ObjectMeta, 2 spec ServiceSpec, 3 status ServiceStatus",
  ServiceAccount:
    "1 metadata ObjectMeta, 2 secrets [ObjectReference], 3 imagePullSecrets [LocalObjectReference], 4 automountServiceAccountToken bool",
  ServicePort:
    "1 name string, 2 protocol string, 6 appProtocol string, 3 port int32?, 4 targetPort IntOrString, 5 nodePort int32?",
  ServiceReference: "1 namespace string, 2 name string, 3 path string, 4 port int32",
  ServiceSpec:
    "1 ports [ServicePort], 2 selector {string}, 3 clusterIP string, 18 clusterIPs [string], 4 type string, 5 externalIPs [string], 7 sessionAffinity string, 8 loadBalancerIP string, 9 loadBalancerSourceRanges [string], 10 externalName string, 11 externalTrafficPolicy string, 12 healthCheckNodePort int32?, 13 publishNotReadyAddresses bool?, 14 sessionAffinityConfig SessionAffinityConfig, 19 ipFamilies [string], 17 ipFamilyPolicy string, 20 allocateLoadBalancerNodePorts bool, 21 loadBalancerClass string, 22 internalTrafficPolicy string, 23 trafficDistribution string",
  ServiceStatus: "1 loadBalancer LoadBalancerStatus, 2 conditions [Condition]",
  SessionAffinityConfig: "1 clientIP ClientIPConfig",
  Subject: "1 kind string, 2 apiGroup string, 3 name string, 4 namespace string",
  SubjectAccessReview:
    "1 metadata ObjectMeta, 2 spec SubjectAccessReviewSpec, 3 status SubjectAccessReviewStatus",
  SubjectAccessReviewSpec:
    "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes, 3 user string, 4 groups [string], 5 extra {StringList}, 6 uid string",
  SubjectAccessReviewStatus: "1 allowed bool?, 4 denied bool?, 2 reason string, 3 evaluationError string",
  SubjectRulesReviewStatus:
    "1 resourceRules [ResourceRule], 2 nonResourceRules [NonResourceRule], 3 incomplete bool?, 4 evaluationError string",
  TokenRequest: "1 metadata ObjectMeta, 2 spec TokenRequestSpec, 3 status TokenRequestStatus",
  TokenRequestSpec:
    "1 audiences [string], 4 expirationSeconds int64, 3 boundObjectRef BoundObjectReference, 5 attestations {StringList}",
  TokenRequestStatus: "1 token string, 2 expirationTimestamp Time",
  TokenReview: "1 metadata ObjectMeta, 2 spec TokenReviewSpec, 3 status TokenReviewStatus",
  TokenReviewSpec: "1 token string, 2 audiences [string]",
  TokenReviewStatus: "1 authenticated bool?, 2 user UserInfo, 4 audiences [string], 3 error string",
  UserInfo: "1 username string, 2 uid string, 3 groups [string], 4 extra {StringList}",
  ValidatingWebhook:
    "1 name string, 2 clientConfig WebhookClientConfig, 3 rules [RuleWithOperations], 4 failurePolicy string, 9 matchPolicy string, 5 namespaceSelector LabelSelector, 10 objectSelector LabelSelector, 6 sideEffects string, 7 timeoutSeconds int32, 8 admissionReviewVersions [string], 11 matchConditions [MatchCondition]",
  ValidatingWebhookConfiguration: "1 metadata ObjectMeta, 2 webhooks [ValidatingWebhook]",
  VolumeHealthCondition: "1 status string, 2 reason string, 3 message string",
  VolumeMountStatus:
    "1 name string, 2 mountPath string, 3 readOnly bool?, 4 recursiveReadOnly string, 5 volumeStatus VolumeStatus",
  VolumeStatus: "1 image ImageVolumeStatus",
  WebhookClientConfig: "3 url string, 1 service ServiceReference, 2 caBundle bytes",
};
