/** Kubeconfig files, read as kubectl and kube-apiserver read them, without a Kubernetes client. */
export {
  type FindUserOptions,
  findUserForHostPort,
  serviceHostPort,
  type UserMatch,
  type UserMatchStep,
} from "./find-user.ts";
export type {
  Kubeconfig,
  KubeconfigCluster,
  KubeconfigContext,
  KubeconfigExec,
  KubeconfigUser,
} from "./kubeconfig.ts";
export {
  type KubeconfigLocation,
  type LocateKubeconfigOptions,
  loadKubeconfig,
  locateKubeconfig,
  mergeKubeconfigs,
} from "./load-kubeconfig.ts";
export { parseKubeconfig } from "./parse-kubeconfig.ts";
export {
  createReloadingKubeconfig,
  type ReloadingKubeconfig,
  type ReloadingKubeconfigOptions,
} from "./reloading-kubeconfig.ts";
export { loadClusterCA, type ResolvedContext, resolveContext } from "./resolve-context.ts";
export {
  type ClientCertificate,
  type Impersonation,
  loadUserCredentials,
  type UserCredentials,
} from "./user-credentials.ts";
