import { expect } from "chai";
import {
  kubeletAuthorizationErrorText,
  kubeletForbiddenText,
  kubeletUnauthorizedText,
  kubeletUndeterminedText,
} from "../../src/authorization/kubelet-texts.ts";

const user = { username: "system:serviceaccount:monitoring:prometheus" };

describe("the words of a kubelet", () => {
  it("401 says nothing but that", () => expect(kubeletUnauthorizedText).to.equal("Unauthorized"));

  it("403 lists what was asked about as Go prints a slice, and ends the line", () => {
    expect(kubeletForbiddenText(user, "get", ["healthz", "proxy"])).to.equal(
      "Forbidden (user=system:serviceaccount:monitoring:prometheus, verb=get, resource=nodes, subresource(s)=[healthz proxy])\n",
    );
    expect(kubeletForbiddenText({ username: "u" }, "", ["proxy"])).to.equal(
      "Forbidden (user=u, verb=, resource=nodes, subresource(s)=[proxy])\n",
    );
  });

  it("403 without anything to ask about says so", () =>
    expect(kubeletUndeterminedText).to.equal(
      "Authorization error: could not determine attributes for request",
    ));

  it("500 names the one subresource that failed, and does not end the line", () =>
    expect(kubeletAuthorizationErrorText({ username: "u" }, "get", "pods")).to.equal(
      "Authorization error (user=u, verb=get, resource=nodes, subresource=pods)",
    ));
});
