/** The catalogue: every guarantee of `specs/guarantees/`, found by reading the folder, so that adding one is adding a file. */
import { readdir } from "node:fs/promises";
import type { Guarantee } from "./guarantee.ts";

/** Every guarantee, ordered by file and place; ids are unique. */
export async function loadCatalogue(): Promise<Guarantee[]> {
  const folder = new URL("./guarantees/", import.meta.url);
  const files = (await readdir(folder)).filter((name) => /^[a-z-]+\.(ts|js)$/.test(name)).sort();
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, folder).href) as Promise<{ default: Guarantee[] }>),
  );
  const guarantees = modules.flatMap((module) => module.default);
  const ids = guarantees.map(({ id }) => id);
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index);
  if (repeated !== undefined) throw new Error(`two guarantees have the id ${repeated}`);
  return guarantees;
}
