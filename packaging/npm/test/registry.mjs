// A registry that has the packed packages, and redirects for all others to the registry of npm's configuration. It stands for
// the public one, so that `npm install llamacloud-mock` does what it will do there.
// Usage: node registry.mjs FOLDER UPSTREAM. Prints its URL.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { spawnSync } from "node:child_process";

const [folder, upstream] = process.argv.slice(2);

/** package.json of a packed package. */
function manifestOf(file) {
  return JSON.parse(spawnSync("tar", ["-xzOf", join(folder, file), "package/package.json"], { encoding: "utf8" }).stdout);
}

const packed = new Map(readdirSync(folder).map((file) => [file, manifestOf(file)]));

/** What a registry says about a package. */
function packument(file, manifest, origin) {
  const integrity = `sha512-${createHash("sha512").update(readFileSync(join(folder, file))).digest("base64")}`;
  const version = { ...manifest, dist: { tarball: `${origin}/${file}`, integrity } };
  return { name: manifest.name, "dist-tags": { latest: manifest.version }, versions: { [manifest.version]: version } };
}

const server = createServer((request, response) => {
  const name = request.url.slice(1);
  const found = [...packed].find(([file, manifest]) => name === file || name === manifest.name);
  if (!found) response.writeHead(302, { location: upstream.replace(/\/$/, "") + request.url }).end();
  else if (name === found[0]) response.end(readFileSync(join(folder, name)));
  else response.end(JSON.stringify(packument(...found, `http://${request.headers.host}`)));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
// It ends with the script that started it.
process.stdin.resume().once("end", () => process.exit(0));
