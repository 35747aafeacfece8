import { expect } from "chai";
import { isLog, podLogRefusal, type RefusedLog } from "../../src/kubelet/pod-log-answer.ts";

const url = "https://10.0.0.5:10250/containerLogs/shop/web/app";
const refused = (status: number, text = "", members: Partial<RefusedLog> = {}): RefusedLog => ({
  ...{ pod: "web", nodeName: "n1", url, status, hasLocation: false, text },
  ...members,
});

const forbidden =
  "Forbidden (user=kube-apiserver-kubelet-client, verb=get, resource=nodes, subresource(s)=[proxy])";

/** What the kubelet answers, and what its caller is told: code, reason and message. */
const table: readonly (readonly [
  status: number,
  text: string,
  code: number,
  reason: string | undefined,
  message: string,
])[] = [
  [500, "late", 500, "InternalError", "Internal error occurred: late"],
  [500, "", 500, "InternalError", "Internal error occurred: "],
  [
    400,
    'container "c" in pod "p" is waiting to start: ContainerCreating',
    400,
    "BadRequest",
    'container "c" in pod "p" is waiting to start: ContainerCreating',
  ],
  [
    401,
    "Unauthorized",
    500,
    "InternalError",
    'Internal error occurred: the kubelet of node "n1" does not accept this server\'s client certificate (401): Unauthorized',
  ],
  [403, forbidden, 403, "Forbidden", `${forbidden} ( pods/log web)`],
  [
    404,
    "404 page not found\n",
    404,
    "NotFound",
    "the server could not find the requested resource ( pods/log web)",
  ],
  [
    405,
    "x",
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource ( pods/log web)",
  ],
  [
    406,
    "",
    406,
    "NotAcceptable",
    "the server was unable to respond with a content type that the client supports ( pods/log web)",
  ],
  [406, "only this", 406, "NotAcceptable", "only this ( pods/log web)"],
  [409, "x", 409, "Conflict", "the server reported a conflict ( pods/log web)"],
  [415, "that", 415, "UnsupportedMediaType", "that ( pods/log web)"],
  [
    422,
    '{"message": "Invalid request."}',
    422,
    "Invalid",
    "the server rejected our request due to an error in our request ( pods/log web)",
  ],
  [
    429,
    "x",
    429,
    "TooManyRequests",
    "the server has received too many requests and has asked us to try again later ( pods/log web)",
  ],
  [
    503,
    "x",
    503,
    "ServiceUnavailable",
    "the server is currently unable to handle the request ( pods/log web)",
  ],
  [
    504,
    "x",
    504,
    "Timeout",
    "the server was unable to return a response in the time allotted, but may still be processing the request ( pods/log web)",
  ],
  [
    502,
    'bad "gateway"',
    502,
    "InternalError",
    'an error on the server ("bad \\"gateway\\"") has prevented the request from succeeding ( pods/log web)',
  ],
  [
    501,
    "",
    501,
    "InternalError",
    'an error on the server ("") has prevented the request from succeeding ( pods/log web)',
  ],
  [
    418,
    "x",
    418,
    undefined,
    "the server responded with the status code 418 but did not return more information ( pods/log web)",
  ],
  // no failure by its number, but no log either: nobody must take it for a success
  [
    207,
    "x",
    500,
    undefined,
    "the server responded with the status code 207 but did not return more information ( pods/log web)",
  ],
  [
    304,
    "",
    500,
    undefined,
    "the server responded with the status code 304 but did not return more information ( pods/log web)",
  ],
  [
    302,
    "",
    500,
    undefined,
    "the server responded with the status code 302 but did not return more information ( pods/log web)",
  ],
  [
    0,
    "",
    500,
    undefined,
    "the server responded with the status code 0 but did not return more information ( pods/log web)",
  ],
];

describe("a kubelet's answer to a log", () => {
  it("is the log from 200 to 206 and nowhere else", () => {
    const logs = Array.from({ length: 600 }, (_, status) => status).filter(isLog);
    expect(logs).to.deep.equal([200, 201, 202, 203, 204, 205, 206]);
  });

  for (const [status, text, code, reason, message] of table)
    it(`of ${status} ${JSON.stringify(text.slice(0, 20))} is ${code}`, () => {
      const { answer, code: errorCode } = podLogRefusal(refused(status, text));
      expect({ code: answer.code, reason: answer.reason, message: answer.message }).to.deep.equal({
        ...{ code, reason, message },
      });
      expect(errorCode).to.equal("ERR_KUBELET_ANSWER");
    });

  it("has details where upstream has", () => {
    expect(podLogRefusal(refused(404)).answer.details).to.deep.equal({ name: "web", kind: "pods/log" });
    expect(podLogRefusal(refused(500, "late")).answer.details).to.deep.equal({
      causes: [{ message: "late" }],
    });
    expect(podLogRefusal(refused(400, "x")).answer).not.to.have.property("details");
  });

  for (const status of [301, 302, 303, 307, 308])
    it(`of ${status} with a place to go is a plain failure, and the place is not told`, () => {
      const { answer } = podLogRefusal(refused(status, "<a href=…>", { hasLocation: true }));
      expect(answer).to.include({ code: 500, message: `Get "${url}": redirects forbidden` });
      expect(answer).not.to.have.property("reason");
    });

  it("is never a success, whatever its number", () => {
    for (let status = 0; status < 1000; status++)
      if (!isLog(status)) {
        const { answer } = podLogRefusal(refused(status, "x", { hasLocation: status % 2 === 0 }));
        expect(answer.code).to.be.within(400, 599);
        expect(answer.code, "kubectl would tell its user to log in").not.to.equal(401);
      }
  });
});
