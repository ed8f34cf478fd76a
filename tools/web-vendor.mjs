// Gets the scripts of others that the pages load, and writes them into internal/web/static/vendor: node tools/web-vendor.mjs
//
// vendored.json there says which package, of which version and integrity, and which of its files. What comes with another integrity
// is refused. For another version, change "version", run this, and write down the integrity that it tells once you trust it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../internal/web/static/vendor/", import.meta.url));
const list = join(folder, "vendored.json");
const scratch = mkdtempSync(join(tmpdir(), "web-vendor-"));

// get unpacks a package, and gives the folder with its files.
function get({ package: name, version, integrity }) {
  const [packed] = JSON.parse(execFileSync("npm", ["pack", `${name}@${version}`, "--json", "--pack-destination", scratch], { stdio: ["ignore", "pipe", "ignore"] }));
  const archive = join(scratch, packed.filename);
  const got = "sha512-" + createHash("sha512").update(readFileSync(archive)).digest("base64");
  if (got !== integrity) throw new Error(`${name} ${version} has the integrity ${got}, and vendored.json says ${integrity}`);
  execFileSync("tar", ["xzf", archive, "-C", scratch, "--one-top-level=" + name]);
  return join(scratch, name, "package");
}

// take copies one file. What a package ships for a plain <script> becomes a module by an export at its end.
function take(from, file) {
  const text = readFileSync(join(from, file.from), "utf8").trimEnd() + "\n" + (file.append ?? "");
  writeFileSync(join(folder, file.name), text);
  file.sha256 = createHash("sha256").update(text).digest("hex");
}

try {
  const packages = JSON.parse(readFileSync(list, "utf8"));
  for (const p of packages) {
    const from = get(p);
    for (const file of p.files) take(from, file);
    console.log(`${p.package} ${p.version}, ${p.licence}: ${p.files.map((f) => f.name).join(", ")}`);
  }
  writeFileSync(list, JSON.stringify(packages, null, 2) + "\n");
} catch (err) {
  console.error(`web-vendor: ${err.message}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true });
}
