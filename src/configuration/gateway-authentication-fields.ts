import * as z from "zod/mini";
import { timeout } from "./bounded-duration.ts";
import { anyNumberOf, duration, listOf, text } from "./configuration-fields.ts";
import {
  checkAnonymous,
  checkAuthenticationMethods,
  checkExactPath,
  checkRequestHeader,
  checkReviewAudiences,
} from "./gateway-configuration-checks.ts";

const requestHeader = z
  .strictObject({
    fromConfigMap: z.exactOptional(
      z
        .boolean()
        .check(
          z.describe(
            "true: CA, names and headers are the cluster's own, from ConfigMap `kube-system/extension-apiserver-authentication`. The fields below go with `caFile`.",
          ),
        ),
    ),
    caFile: z.exactOptional(text.check(z.describe("Verifies the front proxy's client certificate."))),
    allowedNames: z.exactOptional(
      anyNumberOf(text).check(
        z.describe("Common names of front proxies. Empty or left out: any certificate of the CA."),
      ),
    ),
    usernameHeaders: z.exactOptional(
      listOf(text).check(
        z.describe(
          "Headers that may hold the user's name; the first that does counts. Left out: `X-Remote-User`.",
        ),
      ),
    ),
    uidHeaders: z.exactOptional(
      anyNumberOf(text).check(z.describe("The same of the user's uid. Left out: none.")),
    ),
    groupHeaders: z.exactOptional(
      anyNumberOf(text).check(z.describe("Headers with a group each. Left out: `X-Remote-Group`.")),
    ),
    extraHeaderPrefixes: z.exactOptional(
      anyNumberOf(text).check(
        z.describe("What headers with the user's extra fields begin with. Left out: `X-Remote-Extra-`."),
      ),
    ),
  })
  .check(
    checkRequestHeader,
    z.describe(
      "A front proxy that says who its users are: the cluster's own (`fromConfigMap`), or one whose certificate `caFile` verifies. Left out, none is believed.",
    ),
  );

const tokenReview = z
  .strictObject({
    audiences: z.prefault(
      anyNumberOf(text).check(
        z.describe("A token has to be for one of these. Empty: for the API server, as kubectl presents it."),
      ),
      [],
    ),
    implicitAudiences: z.prefault(
      anyNumberOf(text).check(
        z.describe(
          "Those of `audiences` that are the API server's own, for one that answers without saying any.",
        ),
      ),
      [],
    ),
    cacheTTL: z.prefault(
      duration.check(z.describe("How long an answer is kept. `0s`: the API server is asked each time.")),
      "2m",
    ),
    timeout: z.prefault(timeout.check(z.describe("How long the API server's answer is waited for.")), "10s"),
  })
  .check(
    checkReviewAudiences,
    z.describe(
      "Bearer tokens, by the API server's TokenReview. Without audiences a token for the API server is good here too. Left out, no token is accepted.",
    ),
  );

const anonymous = z
  .union([
    z.boolean(),
    z
      .strictObject({
        enabled: z
          .boolean()
          .check(
            z.describe("true: who presents nothing is `system:anonymous`, where `conditions` let them."),
          ),
        conditions: z.exactOptional(
          listOf(
            z.strictObject({
              path: z
                .string()
                .check(checkExactPath, z.describe("A path, compared to the letter and without its query.")),
            }),
          ).check(z.describe("The paths for which it holds. Left out: all.")),
        ),
      })
      .check(checkAnonymous),
  ])
  .check(
    z.describe(
      "Whether who presents nothing is taken for `system:anonymous`, or refused (401). Who presents something that is refused is never anonymous.",
    ),
  );

/** Who calls a gateway, and by what they are known. */
export const authentication = z
  .strictObject({
    clientCAFile: z.exactOptional(
      text.check(z.describe("Verifies users' client certificates: name and groups are the certificate's.")),
    ),
    clientCAFromConfigMap: z.prefault(
      z
        .boolean()
        .check(
          z.describe("true: whoever has a client certificate that the API server accepts is known here."),
        ),
      false,
    ),
    requestHeader: z.exactOptional(requestHeader),
    tokenReview: z.exactOptional(tokenReview),
    anonymous: z.prefault(anonymous, false),
    impersonation: z.prefault(
      z
        .boolean()
        .check(
          z.describe(
            "true: `Impersonate-*` is authorized as the API server does it. false: whoever sends it is refused.",
          ),
        ),
      true,
    ),
  })
  .check(checkAuthenticationMethods, z.describe("Who calls. At least one way has to be given."));
