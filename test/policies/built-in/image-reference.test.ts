import { expect } from "chai";
import fc from "fast-check";
import { parseImageReference } from "../../../src/policies/built-in/image-reference.ts";

const hex = (length: number): string => "0123456789abcdef".repeat(8).slice(0, length);
const sha256 = `sha256:${hex(64)}`;

describe("parseImageReference", () => {
  // image, registry and repository as distribution/reference's ParseNormalizedNamed has them
  const read: readonly (readonly [string, string, string])[] = [
    ["nginx", "docker.io", "library/nginx"],
    ["nginx:1.29", "docker.io", "library/nginx"],
    [`nginx@${sha256}`, "docker.io", "library/nginx"],
    [`nginx:1.29@${sha256}`, "docker.io", "library/nginx"],
    ["team/app", "docker.io", "team/app"],
    ["docker.io/nginx", "docker.io", "library/nginx"],
    ["docker.io/team/app", "docker.io", "team/app"],
    ["index.docker.io/nginx", "docker.io", "library/nginx"],
    ["index.docker.io/team/app", "docker.io", "team/app"],
    ["registry.example/app", "registry.example", "app"],
    ["registry.example/a/b/c:v1", "registry.example", "a/b/c"],
    ["registry.example:5000/app", "registry.example:5000", "app"],
    ["registry:5000/app:v1", "registry:5000", "app"],
    ["localhost/app", "localhost", "app"],
    ["localhost:5000/app", "localhost:5000", "app"],
    ["127.0.0.1:5000/app", "127.0.0.1:5000", "app"],
    ["[2001:db8::1]:5000/app", "[2001:db8::1]:5000", "app"],
    ["[::1]/app", "[::1]", "app"],
    // one host by any case, and a first part in upper case is a host
    ["Registry.EXAMPLE/app", "registry.example", "app"],
    ["Team/app", "team", "app"],
    // looks like a host with a port, and is an image with a tag
    ["registry.example:5000", "docker.io", "library/registry.example"],
    ["a.b", "docker.io", "library/a.b"],
    ["a_b/c__d/e-f---g.h", "docker.io", "a_b/c__d/e-f---g.h"],
    [`registry.example/app@sha512:${hex(128)}`, "registry.example", "app"],
    ["registry-1.docker.io/library/nginx", "registry-1.docker.io", "library/nginx"],
  ];
  for (const [image, registry, repository] of read)
    it(`reads ${image.slice(0, 50)} as ${registry} and ${repository}`, () =>
      expect(parseImageReference(image)).to.include({ registry, repository }));

  it("tells tag and digest apart", () => {
    expect(parseImageReference(`a.b/c:v1@${sha256}`)).to.include({ tag: "v1", digest: sha256 });
    expect(parseImageReference("a.b/c")).to.include({ tag: undefined, digest: undefined });
  });

  const refused: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["white space at its end", "registry.example/app "],
    ["white space at its beginning", " registry.example/app"],
    ["a line break at its end", "registry.example/app\n"],
    ["a line break inside", "registry.example/app\nregistry.other/app"],
    ["a path in upper case", "registry.example/App"],
    ["a name in upper case", "Nginx"],
    ["a scheme", "https://registry.example/app"],
    ["an empty path", "registry.example/"],
    ["an empty part of the path", "registry.example//app"],
    ["a path that climbs", "registry.example/team/../app"],
    ["a part that is one dot", "registry.example/./app"],
    ["a host that ends in a dot", "registry.example./app"],
    ["a user before the host", "user@registry.example/app"],
    ["a port that is no number", "registry.example:port/app"],
    ["an escaped slash", "registry.example/team%2fapp"],
    ["a query", "registry.example/app?x=y"],
    ["an empty tag", "registry.example/app:"],
    ["a tag of 129 characters", `registry.example/app:${"a".repeat(129)}`],
    ["two tags", "registry.example/app:a:b"],
    ["a digest that is too short", "registry.example/app@sha256:abcdef"],
    ["a digest in upper case", `registry.example/app@sha256:${hex(64).toUpperCase()}`],
    ["a digest of an unknown algorithm", `registry.example/app@md5:${hex(32)}`],
    ["an identifier of a local image", hex(64)],
    ["a path of more than 255 characters", `registry.example/${"a".repeat(256)}`],
    ["letters beyond ASCII", "registry.exämple/app"],
    ["a letter that only looks like one of ASCII", "registry.example/аpp"],
    ["a NUL", "registry.example/app\0"],
  ];
  for (const [what, image] of refused)
    it(`reads no ${what}`, () => expect(parseImageReference(image)).to.equal(undefined));

  it("reads a path of 255 characters and a tag of 128", () =>
    expect(parseImageReference(`a.b/${"a".repeat(255)}:${"b".repeat(128)}`)).to.not.equal(undefined));

  it("means the same once its registry and repository are written out", () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const image = fc
      .tuple(
        fc.constantFrom("", "docker.io/", "r.example/", "localhost:5000/"),
        fc.array(part, { minLength: 1 }),
      )
      .map(([host, parts]) => `${host}${parts.join("/")}`);
    fc.assert(
      fc.property(image, (written) => {
        const once = parseImageReference(written)!;
        const again = parseImageReference(`${once.registry}/${once.repository}`);
        expect(again).to.deep.equal(once);
      }),
    );
  });

  it("takes no longer than the length of what it reads, whatever that is", () => {
    for (const hostile of [
      "a".repeat(50_000),
      `a.b/${"a-".repeat(25_000)}`,
      "a.".repeat(25_000),
      "_".repeat(50_000),
    ])
      expect(parseImageReference(hostile)).to.equal(undefined);
  });
});
