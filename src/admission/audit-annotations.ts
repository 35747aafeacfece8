/** The part behind the slash of `WEBHOOK/KEY` (apimachinery validation.IsQualifiedName), 63 characters at most. */
const keyPattern = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

/**
 * Whether an API server keeps an audit annotation of this key. It puts the webhook's name and a slash before it, so the
 * key itself may hold none; others it drops with nothing but a line in its own log.
 */
export function isAuditAnnotationKey(key: string): boolean {
  return keyPattern.test(key);
}
