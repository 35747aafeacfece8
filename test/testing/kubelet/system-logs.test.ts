import { expect } from "chai";
import { answerSystemLogs } from "../../../src/testing/kubelet/system-logs.ts";

const files = { messages: "hello\n", "pods/web/app.log": "one\n", "pods/db/app.log": "two\n" };
const page = (...names: readonly string[]) =>
  `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${names.map((name) => `<a href="${name}">${name}</a>\n`).join("")}</pre>\n`;

describe("the embedded kubelet's system logs", () => {
  it("are files, by their path", () => {
    expect(answerSystemLogs("messages", files)).to.include({ status: 200, body: "hello\n" });
    expect(answerSystemLogs("pods/web/app.log", files)).to.include({ status: 200, body: "one\n" });
  });

  it("are listed by folder", () => {
    expect(answerSystemLogs("", files)).to.include({ status: 200, body: page("messages", "pods/") });
    expect(answerSystemLogs("pods", files)).to.include({ body: page("db/", "web/") });
    expect(answerSystemLogs("pods/web/", files)).to.include({ body: page("app.log") });
    expect(answerSystemLogs("", {})).to.include({ status: 200, body: page() });
  });

  it("are not there where there is none", () => {
    for (const path of ["nothing", "pod", "messages/x", "constructor"])
      expect(answerSystemLogs(path, files), path).to.include({ status: 404, body: "404 page not found\n" });
  });
});
