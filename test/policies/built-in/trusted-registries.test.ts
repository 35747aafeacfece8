import { expect } from "chai";
import fc from "fast-check";
import { createTrustedRegistries } from "../../../src/policies/built-in/trusted-registries.ts";
import { judge, podOf } from "./pod-review.ts";
import { takenRegistries } from "./taken-registries.ts";

const digest = `sha256:${"ab".repeat(32)}`;

describe("trusted-registries", () => {
  const allows = (registries: readonly string[], image: string): boolean =>
    judge(createTrustedRegistries({ registries: [...registries] }), { object: podOf(image) }).allowed;

  describe("an image is of a registry", () => {
    // what is trusted, the image, whether it is of it
    const cases: readonly (readonly [string, string, boolean])[] = [
      ["registry.example", "registry.example/app", true],
      ["registry.example", "registry.example/team/app:v1", true],
      ["registry.example/", "registry.example/app", true],
      ["registry.example", `registry.example/app:v1@${digest}`, true],
      ["registry.example", "Registry.Example/app", true],
      ["REGISTRY.example", "registry.example/app", true],
      ["registry.example", "registry.example.evil/app", false],
      ["registry.example", "registry.example:5000/app", false],
      ["registry.example", "sub.registry.example/app", false],
      ["registry.example", "evil/registry.example/app", false],
      ["registry.example", "evil.example/registry.example/app", false],
      ["registry.example", "registry.example", false],
      ["registry.example:5000", "registry.example:5000/app", true],
      ["registry.example:5000", "registry.example/app", false],
      ["registry.example:5000", "registry.example:50001/app", false],
      ["registry.example/team/", "registry.example/team/app", true],
      ["registry.example/team/", "registry.example/team/deep/app", true],
      ["registry.example/team/", "registry.example/team", false],
      ["registry.example/team", "registry.example/team", true],
      ["registry.example/team", "registry.example/team:v1", true],
      ["registry.example/team", "registry.example/team/app", true],
      ["registry.example/team", "registry.example/team-evil/app", false],
      ["registry.example/team/", "registry.example/team-evil/app", false],
      ["registry.example/team", "registry.example/teams", false],
      ["registry.example/team", "registry.example/other/team/app", false],
      ["registry.example/team", "registry.example/team/../evil/app", false],
      ["registry.example/team", "registry.example/team//app", false],
      ["registry.example/team", "registry.example/Team/app", false],
      ["registry.example/team/app", "registry.example/team/app:v1", true],
      ["registry.example/team/app", "registry.example/team/app2", false],
      ["docker.io", "nginx", true],
      ["docker.io", "team/app", true],
      ["docker.io", "index.docker.io/team/app", true],
      ["index.docker.io", "docker.io/team/app", true],
      ["index.docker.io/library/", "nginx:1", true],
      ["docker.io/library", "nginx", true],
      ["docker.io/library", "docker.io/nginx", true],
      ["docker.io/library", "team/app", false],
      ["docker.io/library/nginx", `nginx@${digest}`, true],
      ["docker.io/library/nginx", "nginx-evil", false],
      // a folder of that name, as anywhere else
      ["docker.io/nginx", "nginx", false],
      ["docker.io/nginx", "nginx/nginx-ingress", true],
      ["localhost:5000", "localhost:5000/app", true],
      ["localhost", "localhost:5000/app", false],
      ["[2001:db8::1]:5000", "[2001:DB8::1]:5000/app", true],
      ["registry.example", "", false],
      ["registry.example", "registry.example/app@sha256:short", false],
      ["registry.example", "registry.example/app ", false],
    ];
    for (const [registry, image, allowed] of cases)
      it(`${image === "" ? "(none)" : image.slice(0, 60)} ${allowed ? "is" : "is not"} of ${registry}`, () =>
        expect(allows([registry], image)).to.equal(allowed));

    for (const registry of takenRegistries)
      it(`and every entry that the configuration takes trusts something: ${registry}`, () =>
        expect(allows([registry], `${registry.replace(/\/$/, "")}/app:v1`)).to.equal(true));

    it("whichever of several it is", () => {
      const registries = ["a.example/x/", "b.example"];
      expect(
        ["a.example/x/app", "b.example/app", "c.example/app"].map((image) => allows(registries, image)),
      ).to.deep.equal([true, true, false]);
    });

    it("only where the name goes on with a slash, a tag or a digest", () => {
      const following = fc.stringMatching(/^[a-z0-9._:@/-]{1,12}$/);
      fc.assert(
        fc.property(following, (rest) => {
          if (allows(["r.example/team"], `r.example/team${rest}`)) expect(rest).to.match(/^[/:@]/);
        }),
      );
    });
  });

  const policy = createTrustedRegistries({ registries: ["registry.example/team/"] });
  const good = "registry.example/team/app:v1";
  const bad = "registry.other/app";
  const containers = [{ name: "app", image: good }];

  describe("every image of a Pod is judged", () => {
    const places: readonly (readonly [string, object])[] = [
      ['container "second"', { containers: [...containers, { name: "second", image: bad }] }],
      ['init container "first"', { containers, initContainers: [{ name: "first", image: bad }] }],
      ['ephemeral container "debug"', { containers, ephemeralContainers: [{ name: "debug", image: bad }] }],
      ['volume "data"', { containers, volumes: [{ name: "data", image: { reference: bad } }] }],
      ['volume "empty"', { containers, volumes: [{ name: "empty", image: {} }] }],
      ['container "none"', { containers: [{ name: "none" }] }],
    ];
    for (const [place, spec] of places)
      it(place, () => {
        const { allowed, status } = judge(policy, { object: podOf(spec) });
        expect(allowed).to.equal(false);
        expect(status?.message).to.include(place);
      });

    it("and a Pod whose images are all trusted is allowed, whatever else it mounts", () => {
      const volumes = [
        { name: "a", emptyDir: {} },
        { name: "b", image: { reference: good } },
      ];
      const spec = { containers, initContainers: containers, ephemeralContainers: containers, volumes };
      expect(judge(policy, { object: podOf(spec) }).allowed).to.equal(true);
    });
  });

  describe("an update", () => {
    const update = (before: object | string, after: object | string, more: object = {}): boolean =>
      judge(policy, { operation: "UPDATE", oldObject: podOf(before), object: podOf(after), ...more }).allowed;

    it("of a Pod that runs what is no longer trusted is allowed while its images stay", () =>
      expect(update(bad, bad)).to.equal(true));
    it("to an image that is not trusted is denied", () => expect(update(good, bad)).to.equal(false));
    it("from one image that is not trusted to another is denied", () =>
      expect(update(bad, `${bad}:v2`)).to.equal(false));
    it("to an image that is trusted is allowed", () => expect(update(bad, good)).to.equal(true));
    it("cannot move an image that is not trusted to another container", () => {
      const app = { name: "app", image: bad };
      const spec = { containers: [app], ephemeralContainers: [{ name: "app", image: bad }] };
      expect(update({ containers: [app] }, spec)).to.equal(false);
    });
    it("that adds an ephemeral container is judged by that container alone", () => {
      const subResource = { subResource: "ephemeralcontainers", requestSubResource: "ephemeralcontainers" };
      const withDebug = (image: string) => ({
        containers: [{ name: "app", image: bad }],
        ephemeralContainers: [{ name: "debug", image }],
      });
      expect(update(bad, withDebug(good), subResource)).to.equal(true);
      expect(update(bad, withDebug("busybox"), subResource)).to.equal(false);
    });
  });

  describe("what it does not judge", () => {
    const unmatched: readonly (readonly [string, object])[] = [
      ["the deletion of a Pod", { operation: "DELETE", object: null, oldObject: podOf(bad) }],
      ["a Pod's status", { operation: "UPDATE", subResource: "status", requestSubResource: "status" }],
    ];
    for (const [what, changes] of unmatched)
      it(what, () => expect(judge(policy, { object: podOf(bad), ...changes }).allowed).to.equal(true));
  });

  describe("a denial", () => {
    const messageOf = (spec: object | string, registries = ["registry.example/team/"]): string | undefined =>
      judge(createTrustedRegistries({ registries }), { object: podOf(spec) }).status?.message;

    it("names the container, the image, what is meant by it, and what is trusted", () =>
      expect(messageOf("nginx")).to.equal(
        'container "app": nginx (docker.io/library/nginx) is from no trusted registry. Trusted: registry.example/team/',
      ));
    it("does not repeat an image that is written out", () =>
      expect(messageOf(bad)).to.equal(
        'container "app": registry.other/app is from no trusted registry. Trusted: registry.example/team/',
      ));
    it("says what is no image's name, without its control characters", () =>
      expect(messageOf("a\nb")).to.include('container "app": "a\\nb" is no image\'s name'));
    it("names every container, in the order of the Pod", () =>
      expect(
        messageOf({
          containers: [
            { name: "a", image: "x" },
            { name: "b", image: "y" },
          ],
        }),
      ).to.match(/^container "a": x .*; container "b": y /));
    it("stays short for a Pod of a thousand containers and a list of a thousand registries", () => {
      const many = Array.from({ length: 1_000 }, (_, index) => index);
      const pod = { containers: many.map((index) => ({ name: `c${index}`, image: "x" })) };
      const message = messageOf(
        pod,
        many.map((index) => `r${index}.example`),
      )!;
      expect(message)
        .to.include("; and 990 more. Trusted: r0.example, ")
        .and.match(/, and 990 more$/);
      expect(message.length).to.be.below(2_000);
    });
    it("is the client's, not the server's fault", () =>
      expect(judge(policy, { object: podOf(bad) }).status?.code).to.equal(403));
  });
});
