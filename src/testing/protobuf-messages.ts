/** One field of a message, by its number. */
export interface MessageField {
  readonly name: string;
  /** `string`, `bytes`, `bool`, `int`, `raw`, or the name of a message. */
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** Whether zero and false stand for an absent member, as for what is no pointer in Go. */
  readonly omitZero: boolean;
}

export type Message = Readonly<Record<number, MessageField>>;

// Field numbers of k8s.io/{api,apimachinery} generated.proto, 1.37. `[x]` is repeated, `{x}` a map from string, `x?` is
// left out where it is zero. What a typed kubectl command sends is here; the rest of a Pod, for one, is not.
const tables: Readonly<Record<string, string>> = {
  Unknown: "1 typeMeta TypeMeta, 2 raw raw, 3 contentEncoding string, 4 contentType string",
  TypeMeta: "1 apiVersion string, 2 kind string",
  Time: "1 seconds int, 2 nanos int?",
  IntOrString: "1 type int?, 2 intVal int?, 3 strVal string",
  Quantity: "1 string string",
  ObjectMeta:
    "1 name string, 2 generateName string, 3 namespace string, 4 selfLink string, 5 uid string, 6 resourceVersion string, 7 generation int?, 8 creationTimestamp Time, 9 deletionTimestamp Time, 10 deletionGracePeriodSeconds int, 11 labels {string}, 12 annotations {string}, 13 ownerReferences [OwnerReference], 14 finalizers [string]",
  OwnerReference:
    "5 apiVersion string, 1 kind string, 3 name string, 4 uid string, 6 controller bool, 7 blockOwnerDeletion bool",
  LabelSelector: "1 matchLabels {string}, 2 matchExpressions [LabelSelectorRequirement]",
  LabelSelectorRequirement: "1 key string, 2 operator string, 3 values [string]",
  Namespace: "1 metadata ObjectMeta, 2 spec NamespaceSpec, 3 status NamespaceStatus",
  NamespaceStatus: "1 phase string",
  NamespaceSpec: "1 finalizers [string]",
  ServiceAccount:
    "1 metadata ObjectMeta, 2 secrets [ObjectReference], 3 imagePullSecrets [LocalObjectReference], 4 automountServiceAccountToken bool",
  ObjectReference: "1 kind string, 2 namespace string, 3 name string, 4 uid string, 5 apiVersion string",
  LocalObjectReference: "1 name string",
  ConfigMap: "1 metadata ObjectMeta, 2 data {string}, 3 binaryData {bytes}, 4 immutable bool",
  Secret: "1 metadata ObjectMeta, 2 data {bytes}, 3 type string, 4 stringData {string}, 5 immutable bool",
  ClusterRole: "1 metadata ObjectMeta, 2 rules [PolicyRule], 3 aggregationRule AggregationRule",
  AggregationRule: "1 clusterRoleSelectors [LabelSelector]",
  PolicyRule:
    "1 verbs [string], 2 apiGroups [string], 3 resources [string], 4 resourceNames [string], 5 nonResourceURLs [string]",
  Role: "1 metadata ObjectMeta, 2 rules [PolicyRule]",
  RoleBinding: "1 metadata ObjectMeta, 2 subjects [Subject], 3 roleRef RoleRef",
  RoleRef: "1 apiGroup string, 2 kind string, 3 name string",
  Subject: "1 kind string, 2 apiGroup string, 3 name string, 4 namespace string",
  TokenRequest: "1 metadata ObjectMeta, 2 spec TokenRequestSpec, 3 status TokenRequestStatus",
  TokenRequestSpec:
    "1 audiences [string], 4 expirationSeconds int, 3 boundObjectRef BoundObjectReference, 5 attestations {AttestationValue}",
  TokenRequestStatus: "1 token string, 2 expirationTimestamp Time",
  BoundObjectReference: "1 kind string, 2 apiVersion string, 3 name string, 4 uid string",
  AttestationValue: "1 items [string]",
  TokenReview: "1 metadata ObjectMeta, 2 spec TokenReviewSpec, 3 status TokenReviewStatus",
  TokenReviewSpec: "1 token string, 2 audiences [string]",
  TokenReviewStatus: "1 authenticated bool?, 2 user Empty, 3 error string, 4 audiences [string]",
  SelfSubjectReview: "1 metadata ObjectMeta, 2 status SelfSubjectReviewStatus",
  SelfSubjectReviewStatus: "1 userInfo UserInfo",
  UserInfo: "1 username string, 2 uid string, 3 groups [string]",
  SelfSubjectAccessReview: "1 metadata ObjectMeta, 2 spec AccessReviewSpec, 3 status AccessReviewStatus",
  SubjectAccessReview: "1 metadata ObjectMeta, 2 spec SubjectAccessReviewSpec, 3 status AccessReviewStatus",
  AccessReviewSpec: "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes",
  SubjectAccessReviewSpec:
    "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes NonResourceAttributes, 3 user string, 4 groups [string], 6 uid string",
  ResourceAttributes:
    "1 namespace string, 2 verb string, 3 group string, 4 version string, 5 resource string, 6 subresource string, 7 name string",
  NonResourceAttributes: "1 path string, 2 verb string",
  AccessReviewStatus: "1 allowed bool?, 4 denied bool?, 2 reason string, 3 evaluationError string",
  SelfSubjectRulesReview: "1 metadata ObjectMeta, 2 spec NamespaceNamed, 3 status RulesReviewStatus",
  NamespaceNamed: "1 namespace string",
  RulesReviewStatus: "3 incomplete bool?, 4 evaluationError string",
  Deployment: "1 metadata ObjectMeta, 2 spec DeploymentSpec, 3 status DeploymentStatus",
  DeploymentSpec:
    "1 replicas int, 2 selector LabelSelector, 3 template PodTemplateSpec, 4 strategy DeploymentStrategy, 5 minReadySeconds int?, 6 revisionHistoryLimit int, 7 paused bool?, 9 progressDeadlineSeconds int",
  DeploymentStrategy: "1 type string, 2 rollingUpdate RollingUpdateDeployment",
  RollingUpdateDeployment: "1 maxUnavailable IntOrString, 2 maxSurge IntOrString",
  DeploymentStatus:
    "1 observedGeneration int?, 2 replicas int?, 3 updatedReplicas int?, 4 availableReplicas int?, 5 unavailableReplicas int?, 7 readyReplicas int?",
  PodTemplateSpec: "1 metadata ObjectMeta, 2 spec PodSpec",
  PodSpec:
    "2 containers [Container], 3 restartPolicy string, 4 terminationGracePeriodSeconds int, 6 dnsPolicy string, 7 nodeSelector {string}, 8 serviceAccountName string, 9 serviceAccount string, 10 nodeName string, 11 hostNetwork bool?, 12 hostPID bool?, 13 hostIPC bool?, 14 securityContext Empty, 15 imagePullSecrets [LocalObjectReference], 16 hostname string, 17 subdomain string, 19 schedulerName string, 20 initContainers [Container], 24 priorityClassName string",
  Container:
    "1 name string, 2 image string, 3 command [string], 4 args [string], 5 workingDir string, 6 ports [ContainerPort], 7 env [EnvVar], 8 resources ResourceRequirements, 13 terminationMessagePath string, 14 imagePullPolicy string, 16 stdin bool?, 17 stdinOnce bool?, 18 tty bool?, 20 terminationMessagePolicy string",
  ContainerPort: "1 name string, 2 hostPort int?, 3 containerPort int, 4 protocol string, 5 hostIP string",
  EnvVar: "1 name string, 2 value string",
  ResourceRequirements: "1 limits {Quantity}, 2 requests {Quantity}",
  Service: "1 metadata ObjectMeta, 2 spec ServiceSpec, 3 status ServiceStatus",
  ServiceSpec:
    "1 ports [ServicePort], 2 selector {string}, 3 clusterIP string, 4 type string, 7 sessionAffinity string, 8 loadBalancerIP string, 10 externalName string, 11 externalTrafficPolicy string, 12 healthCheckNodePort int?, 13 publishNotReadyAddresses bool?, 18 clusterIPs [string]",
  ServicePort:
    "1 name string, 2 protocol string, 3 port int, 4 targetPort IntOrString, 5 nodePort int?, 6 appProtocol string",
  ServiceStatus: "1 loadBalancer Empty",
  Empty: "",
};

/** The messages by name. */
export const messages: Readonly<Record<string, Message>> = Object.fromEntries(
  Object.entries(tables).map(([name, table]) => [name, parseTable(table)]),
);

const rbac = "rbac.authorization.k8s.io/v1";

/** The message of an apiVersion and kind. */
export const topLevelMessages: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    v1: ["Namespace", "ServiceAccount", "ConfigMap", "Secret", "Service"],
    [rbac]: ["ClusterRole", "Role", "RoleBinding"],
    "apps/v1": ["Deployment"],
    "authentication.k8s.io/v1": ["TokenRequest", "TokenReview", "SelfSubjectReview"],
    "authorization.k8s.io/v1": ["SelfSubjectAccessReview", "SubjectAccessReview", "SelfSubjectRulesReview"],
  })
    .flatMap(([apiVersion, kinds]) => kinds.map((kind) => [`${apiVersion}/${kind}`, kind] as const))
    // the two bindings are one message
    .concat([[`${rbac}/ClusterRoleBinding`, "RoleBinding"]]),
);

function parseTable(table: string): Message {
  const fields = table === "" ? [] : table.split(", ");
  return Object.fromEntries(fields.map(parseField));
}

function parseField(text: string): readonly [number, MessageField] {
  const [number, name, notation] = text.split(" ") as [string, string, string];
  const type = notation.replace(/[[\]{}?]/g, "");
  const map = notation.startsWith("{");
  return [
    Number(number),
    { name, type, repeated: notation.startsWith("["), map, omitZero: notation.endsWith("?") },
  ];
}
