import { readFileSync } from "node:fs";
import { expect } from "chai";
import { encodeConfiguration, entrypoint, user } from "../../../scripts/image/image-configuration.ts";
import { fileEntry } from "../../../scripts/image/image-entry.ts";
import { createLayer } from "../../../scripts/image/layer.ts";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const layers = [createLayer("one", [fileEntry("a", "1")])];
const encode = (createdSeconds = 1_700_000_000) =>
  encodeConfiguration({ architecture: "amd64", createdSeconds, labels: { a: "b" } }, layers);
const { config, ...image } = JSON.parse(encode().toString());

describe("encodeConfiguration", () => {
  it("says who runs it by numbers that are not root's, so that runAsNonRoot can be checked", () => {
    const [uid, gid] = config.User.split(":").map(Number);
    expect([uid, gid].every((id) => Number.isInteger(id) && id > 0)).to.equal(true);
  });
  it("starts Node with the command line, and no shell", () => {
    expect(config.Entrypoint).to.deep.equal([
      "/nodejs/bin/node",
      `/app/node_modules/countersign/${manifest.bin.countersign}`,
    ]);
    expect(config).to.not.have.any.keys("Cmd", "Shell");
  });
  it("is of the architecture, and dated by the commit", () =>
    expect(image).to.include({ architecture: "amd64", os: "linux", created: "2023-11-14T22:13:20Z" }));
  it("has a line of history for each layer", () => {
    expect(image.rootfs.diff_ids).to.deep.equal([layers[0]!.diffID]);
    expect(image.history).to.have.length(1);
  });
  it("is the same bytes for the same image", () => expect(encode().equals(encode())).to.equal(true));
});

describe("the Dockerfile", () => {
  const text = readFileSync("Dockerfile", "utf8").replaceAll("\\\n", "");
  const instructions = text.split("\n").filter((line) => /^[A-Z]/.test(line));
  const final = instructions.slice(instructions.findLastIndex((line) => line.startsWith("FROM")));
  const argumentOf = (name: string): string =>
    final.find((line) => line.startsWith(`${name} `))!.slice(name.length + 1);

  it("has a base image whose tag is a default, and whose digest nobody made up", () => {
    const [argument] = instructions;
    expect(argument).to.match(/^ARG NODE_IMAGE=node:22\S*$/);
    expect(instructions.join("\n")).to.not.include("@sha256:");
    const froms = instructions.filter((line) => line.startsWith("FROM"));
    expect(froms).to.deep.equal([`FROM --platform=$BUILDPLATFORM \${NODE_IMAGE} AS build`, "FROM scratch"]);
  });
  it("runs nothing in what it ends with", () =>
    expect(final.filter((line) => /^(?:RUN|CMD|SHELL|ADD|VOLUME)/.test(line))).to.deep.equal([]));
  it("says of the image what the builder says", () => {
    expect(argumentOf("USER")).to.equal(user);
    expect(JSON.parse(argumentOf("ENTRYPOINT"))).to.deep.equal(entrypoint);
    expect(`PATH=${config.Env[0].slice("PATH=".length)}`).to.equal(argumentOf("ENV"));
    expect(argumentOf("WORKDIR")).to.equal(config.WorkingDir);
    expect(argumentOf("EXPOSE").split(" ").sort()).to.deep.equal(Object.keys(config.ExposedPorts).sort());
  });
  it("labels it as package.json describes the package", () => {
    const labels = Object.fromEntries(
      [...argumentOf("LABEL").matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g)].map(
        ([, name, value]) => [name, value],
      ),
    );
    const { version, description, license: licenses } = manifest;
    expect(labels).to.deep.equal({
      title: "countersign",
      description,
      licenses,
      version,
      revision: "$REVISION",
    });
  });
  it("copies each layer by itself, in the builder's order", () =>
    expect(final.filter((line) => line.startsWith("COPY"))).to.deep.equal(
      ["runtime", "dependencies", "application"].map((name) => `COPY --from=build /layers/${name}/ /`),
    ));
});
