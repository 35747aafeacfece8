import { expect } from "chai";
import type { ApiAnswer } from "../rig/api-client.ts";
import { type AnswerWebhook, reviewAnswer } from "../rig/capturing-webhook.ts";
import { poll } from "../rig/poll.ts";
import { expectFailure, object } from "./objects.ts";
import type { Contract } from "./target.ts";
import { allow, answering, type HookedCase, type HookOptions, useWebhook } from "./webhook-fixture.ts";

interface Fault {
  readonly title: string;
  readonly answer: AnswerWebhook;
  /** What the user reads after `failed calling webhook "NAME": `. */
  readonly message: RegExp;
}

const denial = { allowed: false, status: { code: 403, message: "no" } };

const faults: readonly Fault[] = [
  ...[302, 400, 401, 403, 404, 429, 500, 503].map((status) => ({
    title: `HTTP ${status}`,
    answer: () => ({ status, body: "who are you" }),
    message: /failed to call webhook: /,
  })),
  { title: "no JSON", answer: () => ({ body: "<html>" }), message: /failed to call webhook: / },
  { title: "nothing", answer: () => ({ body: "" }), message: /failed to call webhook: / },
  {
    title: "a review without a response",
    answer: ({ review }) => ({ body: { apiVersion: review.apiVersion, kind: "AdmissionReview" } }),
    message: /webhook response was absent/,
  },
  {
    title: "another uid",
    answer: ({ review }) => ({
      body: {
        apiVersion: review.apiVersion,
        kind: "AdmissionReview",
        response: { uid: "another", allowed: true },
      },
    }),
    message: /expected response\.uid="[0-9a-f-]{36}", got "another"/,
  },
  {
    title: "another version than asked",
    answer: ({ review }) => ({
      body: {
        apiVersion: "admission.k8s.io/v1beta1",
        kind: "AdmissionReview",
        response: { uid: review.request.uid, allowed: true },
      },
    }),
    message: /v1beta1/,
  },
  {
    title: "a denial without apiVersion and kind",
    answer: ({ review }) => ({ body: { response: { uid: review.request.uid, ...denial } } }),
    message: /expected webhook response of admission\.k8s\.io\/v1, Kind=AdmissionReview, got \/, Kind=/,
  },
  {
    title: "a patch from a validating webhook",
    answer: (call) => ({
      body: reviewAnswer(call, {
        allowed: true,
        patchType: "JSONPatch",
        patch: Buffer.from("[]").toString("base64"),
      }),
    }),
    message: /(patch|patchType).*(not|may not)|validating webhook/i,
  },
];

/** client-go's words for an answer that is no Status: k8s.io/apimachinery pkg/api/errors, NewGenericServerResponse. */
const goWords: Readonly<Record<number, string>> = {
  302: "the server responded with the status code 302 but did not return more information",
  400: "the server rejected our request for an unknown reason",
  401: "the server has asked for the client to provide credentials",
  403: "unknown",
  404: "the server could not find the requested resource",
  429: "the server has received too many requests and has asked us to try again later",
  500: 'an error on the server ("unknown") has prevented the request from succeeding',
  503: "the server is currently unable to handle the request",
};

/** Denials, failures and failurePolicy: kubernetes/apiserver pkg/admission/plugin/webhook/validating/dispatcher.go. */
export function describeWebhookFailures(contract: Contract): void {
  const { check } = contract;

  describe("a webhook that", () => {
    const { hook, create, server } = useWebhook(contract);
    const answered = async (
      answer: AnswerWebhook,
      options: HookOptions = {},
    ): Promise<{ hooked: HookedCase; answer: ApiAnswer }> => {
      const hooked = await hook(options);
      hooked.answer(answer);
      return { hooked, answer: await create(hooked) };
    };
    const expectDenial = (
      { hooked, answer }: Awaited<ReturnType<typeof answered>>,
      code: number,
      why: string,
      more: object = {},
    ): void => {
      expect(answer.body, answer.text).to.containSubset({
        kind: "Status",
        status: "Failure",
        code,
        message: `admission webhook "${hooked.webhookName}" denied the request: ${why}`,
        ...more,
      });
      expect(answer.status).to.equal(code);
    };

    check("denies is answered with its code, reason and message, its name in front", async () => {
      expectDenial(
        await answered(
          answering({
            allowed: false,
            status: { code: 422, reason: "Invalid", message: "image is not ours" },
          }),
        ),
        422,
        "image is not ours",
        { reason: "Invalid" },
      );
    });

    check("denies without a code is answered with 400", async () => {
      expectDenial(await answered(answering({ allowed: false, status: { message: "no" } })), 400, "no");
    });

    check("denies with 200 is answered with 400", async () => {
      expectDenial(
        await answered(answering({ allowed: false, status: { code: 200, message: "no" } })),
        400,
        "no",
      );
    });

    check("denies with only a reason is answered with the reason", async () => {
      expectDenial(
        await answered(answering({ allowed: false, status: { code: 403, reason: "Forbidden" } })),
        403,
        "Forbidden",
      );
    });

    check("denies without a word is answered so", async () => {
      const { hooked, answer } = await answered(answering({ allowed: false }));
      expectFailure(answer, {
        code: 400,
        message: `admission webhook "${hooked.webhookName}" denied the request without explanation`,
      });
    });

    for (const failurePolicy of ["Fail", "Ignore"])
      check(`denies is obeyed under failurePolicy ${failurePolicy}`, async () => {
        expectDenial(
          await answered(answering({ allowed: false, status: { code: 401, message: "who calls" } }), {
            webhook: { failurePolicy },
          }),
          401,
          "who calls",
        );
      });

    check("warns has its warnings passed on", async () => {
      const { answer } = await answered(
        answering({ allowed: true, warnings: ["soon gone", 'with "quotes"'] }),
      );
      expect(answer.status).to.equal(201);
      expect(answer.headers.warning).to.equal('299 - "soon gone", 299 - "with \\"quotes\\""');
    });

    check("denies has its warnings passed on as well", async () => {
      const { answer } = await answered(answering({ ...denial, warnings: ["read the rules"] }));
      expect([answer.status, answer.headers.warning]).to.deep.equal([403, '299 - "read the rules"']);
    });

    for (const { title, answer, message } of faults) {
      check(`answers ${title} fails the request under Fail`, async () => {
        const { hooked, answer: refusal } = await answered(answer);
        expect(refusal.body, refusal.text).to.containSubset({
          kind: "Status",
          code: 500,
          reason: "InternalError",
        });
        const text = (refusal.body as { message: string }).message;
        expect(text, text)
          .to.match(new RegExp(`^Internal error occurred: failed calling webhook "${hooked.webhookName}": `))
          .and.to.match(message);
      });

      check(`answers ${title} is passed over under Ignore`, async () => {
        const { answer: created } = await answered(answer, { webhook: { failurePolicy: "Ignore" } });
        expect(created.status, created.text).to.equal(201);
      });
    }

    check("answers an HTTP error is told of in client-go's words", async () => {
      const hooked = await hook();
      for (const [status, words] of Object.entries(goWords)) {
        hooked.answer(() => ({ status: Number(status), body: "who are you" }));
        const { message } = (await create(hooked)).body as { message: string };
        expect(message).to.equal(
          `Internal error occurred: failed calling webhook "${hooked.webhookName}": failed to call webhook: ${words}`,
        );
      }
    });

    check(
      "takes longer than its timeout fails the request under Fail and is passed over under Ignore",
      async () => {
        const never: AnswerWebhook = () => new Promise(() => undefined);
        const { answer } = await answered(never, { webhook: { timeoutSeconds: 1 } });
        expect(answer.body, answer.text).to.containSubset({ code: 500, reason: "InternalError" });
        expect((answer.body as { message: string }).message).to.match(
          /deadline exceeded|Client\.Timeout|timeout/i,
        );
        expect(
          (await answered(never, { webhook: { timeoutSeconds: 1, failurePolicy: "Ignore" } })).answer.status,
        ).to.equal(201);
      },
    );

    check("shows a certificate of another authority fails the request under Fail", async () => {
      const hooked = await hook();
      const other = await hook({ labels: hooked.labels });
      object(
        await contract
          .admin()
          .patch(
            `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${other.configuration.metadata.name}`,
            "application/json-patch+json",
            [{ op: "remove", path: "/webhooks/0/clientConfig/caBundle" }],
          ),
        200,
      );
      const refusal = await poll("the certificate to be refused", async () => {
        const answer = await create(hooked);
        return answer.status === 500 ? answer : undefined;
      });
      expect((refusal.body as { message: string }).message).to.match(/certificate/);
    });

    check("allows does not outvote one that denies", async () => {
      const first = await hook();
      const second = await hook({ labels: first.labels });
      second.answer(answering(denial));
      const answer = await create(first);
      expect(answer.status).to.equal(403);
      expect([first.calls().length, second.calls().length]).to.deep.equal([1, 1]);
      second.answer(allow);
      expect((await create(first)).status).to.equal(201);
    });

    check(
      "waits does not keep the others of its request waiting: validating webhooks run in parallel",
      async () => {
        const first = await hook();
        const second = await hook({ labels: first.labels });
        const both: AnswerWebhook = async (call) => {
          await poll(
            "the other webhook to be called",
            () => (first.calls().length > 0 && second.calls().length > 0 ? true : undefined),
            { timeoutMs: 8_000 },
          );
          return allow(call);
        };
        first.answer(both);
        second.answer(both);
        expect((await create(first)).status).to.equal(201);
      },
    );

    check("speaks v1beta1 may leave out apiVersion, kind and uid", async () => {
      const { answer } = await answered(
        () => ({ body: { response: { allowed: false, status: { code: 403, message: "old" } } } }),
        { webhook: { admissionReviewVersions: ["v1beta1"] } },
      );
      expect(answer.status, answer.text).to.equal(403);
    });

    check("declares side effects None is called on a dry run and its denial is obeyed", async () => {
      const hooked = await hook();
      hooked.answer(answering(denial));
      expect((await create(hooked, {}, "?dryRun=All")).status).to.equal(403);
    });

    check("is not listening fails the request under Fail", async () => {
      const hooked = await hook();
      const gone = server().port;
      const url = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${hooked.configuration.metadata.name}`;
      object(
        await contract
          .admin()
          .patch(url, "application/json-patch+json", [
            { op: "replace", path: "/webhooks/0/clientConfig/url", value: `https://localhost:1/${gone}` },
          ]),
        200,
      );
      const refusal = await poll("the connection to be refused", async () => {
        const answer = await create(hooked);
        return answer.status === 500 ? answer : undefined;
      });
      expect((refusal.body as { message: string }).message).to.match(
        /failed calling webhook ".*": failed to call webhook: .*(connection refused|ECONNREFUSED)/,
      );
    });
  });
}
