import type { Webhook } from "../../apis/admissionregistration.ts";

/** The match condition that takes the requests for tokens out of a webhook's rules. */
export const tokenRequestCondition =
  '!(request.resource.group == "" && request.resource.resource == "serviceaccounts" && request.subResource == "token")';

/** Whether a match condition of the webhook is that one, whatever its spaces, quotes and brackets. */
export function excludesTokenRequests({ matchConditions = [] }: Webhook): boolean {
  return matchConditions.some(
    ({ expression }) => normalized(expression) === normalized(tokenRequestCondition),
  );
}

function normalized(expression: string): string {
  return expression.replaceAll("'", '"').replaceAll(/\s/g, "");
}
