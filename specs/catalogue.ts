/** The catalogue: every guarantee of `specs/guarantees/`, found by reading the folder, so that adding one is adding a file. */
import { readdir } from "node:fs/promises";
import { extname } from "node:path";
import type { Guarantee } from "./guarantee.ts";

/** Every guarantee, ordered by file and place; ids are unique. */
export async function loadCatalogue(): Promise<Guarantee[]> {
  const folder = new URL("./guarantees/", import.meta.url);
  // A file and what it was compiled to may lie side by side: those are meant that are what this file is.
  const extension = extname(import.meta.url);
  const isModule = (name: string): boolean => /^[a-z-]+\.(ts|js)$/.test(name) && extname(name) === extension;
  const files = (await readdir(folder)).filter(isModule).sort();
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, folder).href) as Promise<{ default: Guarantee[] }>),
  );
  const guarantees = modules.flatMap((module) => module.default);
  const ids = guarantees.map(({ id }) => id);
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) throw new Error(`two guarantees have the id ${repeated}`);
  return guarantees;
}
