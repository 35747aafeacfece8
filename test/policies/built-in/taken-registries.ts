/** Entries of `registries` that the configuration takes: of each shape that there is one. */
export const takenRegistries: readonly string[] = [
  "registry.example",
  "registry.example/",
  "registry.example/team",
  "registry.example/team/",
  "registry.example/a/b.c/d_e/f__g/h--i",
  "registry.example:5000/team/",
  "Registry.EXAMPLE/team",
  "localhost",
  "localhost:5000/x",
  "registry:5000",
  "127.0.0.1:5000",
  "[2001:db8::1]:5000/x/",
  "docker.io/library/nginx",
];
