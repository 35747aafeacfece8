import { readFile } from "node:fs/promises";
import type { KubeconfigSubject, UserSubject } from "./lint-subjects.ts";

const fileFields = ["tokenFile", "client-certificate", "client-key"] as const;

/** The kubeconfig with, for each user, the files of credentials that cannot be read on this machine. */
export async function checkCredentialFiles(subject: KubeconfigSubject): Promise<KubeconfigSubject> {
  return { ...subject, users: await Promise.all(subject.users.map(checkUser)) };
}

async function checkUser(subject: UserSubject): Promise<UserSubject> {
  const problems = await Promise.all(fileFields.map((field) => problemOf(subject, field)));
  return { ...subject, unreadable: new Map(problems.flat()) };
}

async function problemOf(
  { user }: UserSubject,
  field: (typeof fileFields)[number],
): Promise<readonly (readonly [string, string])[]> {
  const file = user[field];
  if (file === undefined) return [];
  try {
    const text = await readFile(file, "utf8");
    return text.trim() === "" ? [[field, `${file} is empty`]] : [];
  } catch (error) {
    return [[field, `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`]];
  }
}
