import { type KubeletAnswer, notFound, plain } from "./kubelet-answer.ts";

/** `/logs/`: files by their path below /var/log, and folders as Go's file server lists them. */
export function answerSystemLogs(path: string, files: Readonly<Record<string, string>>): KubeletAnswer {
  if (Object.hasOwn(files, path)) return plain(200, files[path]!);
  const folder = path === "" || path.endsWith("/") ? path : `${path}/`;
  const below = Object.keys(files).filter((file) => file.startsWith(folder));
  if (below.length === 0 && folder !== "") return notFound;
  const names = below.map((file) => /^[^/]*\/?/.exec(file.slice(folder.length))![0]);
  const links = [...new Set(names)].sort().map((name) => `<a href="${name}">${name}</a>\n`);
  const page = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${links.join("")}</pre>\n`;
  return { status: 200, headers: { "Content-Type": "text/html; charset=utf-8" }, body: page };
}
