import { expect } from "chai";
import type { AnswerStatusError } from "../../src/apis/answer-status.ts";
import { decodePodLogOptions } from "../../src/kubelet/pod-log-options.ts";
import { assertPodLogOptions } from "../../src/kubelet/pod-log-validation.ts";

function refusalOf(query: string): AnswerStatusError {
  try {
    assertPodLogOptions("web", decodePodLogOptions(new URLSearchParams(query)));
  } catch (error) {
    return error as AnswerStatusError;
  }
  return expect.fail(`${query} was accepted`);
}

describe("the validation of log options", () => {
  for (const query of [
    "",
    "tailLines=0",
    "limitBytes=1",
    "sinceSeconds=1",
    "sinceTime=",
    "tailLines=9223372036854775807",
  ])
    it(`accepts ${JSON.stringify(query)}`, () => {
      assertPodLogOptions("web", decodePodLogOptions(new URLSearchParams(query)));
    });

  const both = "at most one of `sinceTime` or `sinceSeconds` may be specified";
  for (const [query, field, reason, message] of [
    [
      "tailLines=-1",
      "tailLines",
      "FieldValueInvalid",
      "Invalid value: -1: must be greater than or equal to 0",
    ],
    ["limitBytes=0", "limitBytes", "FieldValueInvalid", "Invalid value: 0: must be greater than 0"],
    [
      "limitBytes=-9223372036854775808",
      "limitBytes",
      "FieldValueInvalid",
      "Invalid value: -9223372036854775808: must be greater than 0",
    ],
    ["sinceSeconds=0", "sinceSeconds", "FieldValueInvalid", "Invalid value: 0: must be greater than 0"],
    ["sinceSeconds=5&sinceTime=2024-08-30T06:00:00Z", "[]", "FieldValueForbidden", `Forbidden: ${both}`],
    ["sinceSeconds=-5&sinceTime=", "[]", "FieldValueForbidden", `Forbidden: ${both}`],
    ["stream=All", "stream", "FieldValueForbidden", "Forbidden: may not be specified"],
    ["stream=", "stream", "FieldValueForbidden", "Forbidden: may not be specified"],
  ] as const)
    it(`refuses ${query} in kube-apiserver's words`, () => {
      const { answer, code } = refusalOf(query);
      expect(code).to.equal("ERR_LOG_OPTIONS");
      expect(answer).to.deep.equal({
        ...{ kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure" },
        message: `PodLogOptions "web" is invalid: ${field}: ${message}`,
        reason: "Invalid",
        details: { name: "web", kind: "PodLogOptions", causes: [{ reason, message, field }] },
        code: 422,
      });
    });

  it("tells all faults at once, in upstream's order", () => {
    const { answer } = refusalOf("sinceSeconds=0&limitBytes=0&tailLines=-1&stream=x");
    expect(answer.details?.causes?.map(({ field }) => field)).to.deep.equal([
      ...["tailLines", "limitBytes", "sinceSeconds", "stream"],
    ]);
    expect(answer.message).to.equal(
      'PodLogOptions "web" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, limitBytes: Invalid value: 0: must be greater than 0, sinceSeconds: Invalid value: 0: must be greater than 0, stream: Forbidden: may not be specified]',
    );
  });
});
