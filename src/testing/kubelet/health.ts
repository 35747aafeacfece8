import { goError, type KubeletAnswer, plain } from "./kubelet-answer.ts";
import type { KubeletMount } from "./router.ts";

const checks = ["ping", "log", "syncloop", "device-plugin"];
const nosniff = { "X-Content-Type-Options": "nosniff" };

/** `/healthz` and one path for each check, as k8s.io/apiserver pkg/server/healthz: `failing` says which fail now. */
export function healthMounts(failing: () => ReadonlySet<string>): readonly KubeletMount[] {
  const one = (check: string): KubeletAnswer =>
    failing().has(check) ? goError(500, `internal server error: ${check} failed`) : plain(200, "ok");
  return [
    { path: "/healthz", handle: ({ query }) => overall(failing(), query) },
    ...checks.map((check) => ({ path: `/healthz/${check}`, handle: () => one(check) })),
  ];
}

function overall(failing: ReadonlySet<string>, query: URLSearchParams): KubeletAnswer {
  const excluded = query.getAll("exclude");
  const asked = checks.filter((check) => !excluded.includes(check));
  const fails = asked.some((check) => failing.has(check));
  if (!fails && !query.has("verbose")) return plain(200, "ok", nosniff);
  const lines = checks.map((check) => {
    if (excluded.includes(check)) return `[+]${check} excluded: ok`;
    return failing.has(check) ? `[-]${check} failed: reason withheld` : `[+]${check} ok`;
  });
  const verdict = fails ? "healthz check failed" : "healthz check passed";
  return plain(fails ? 500 : 200, `${[...lines, verdict].join("\n")}\n`, nosniff);
}
