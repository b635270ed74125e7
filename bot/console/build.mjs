// Builds the console into one folder that the C++ build embeds: hashed names, a gzip beside each text, and the assembler
// file and table that put the bytes into the binary.  node build.mjs --out DIR [--modules DIR/node_modules]
//
//   DIR/dist/…             what the server serves, as it is served
//   DIR/console_assets.S   one .incbin for each file and its gzip
//   DIR/console_assets.inc the rows of the table in assets.cpp
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { png } from "./icon.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({ options: { out: { type: "string" }, modules: { type: "string" } } });
const out = resolve(values.out ?? join(here, "../../build/console"));
const modules = resolve(values.modules ?? join(here, "node_modules"));
const dist = join(out, "dist");
const esbuild = createRequire(join(modules, "x.js"))("esbuild");

const types = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
};

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

const common = {
    absWorkingDir: here,
    outdir: join(dist, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    bundle: true,
    target: ["chrome100", "firefox100", "safari15.4"],
    tsconfig: join(here, "tsconfig.json"),
    nodePaths: [modules],
    minify: true,
    legalComments: "none",
    charset: "utf8",
    metafile: true,
    logLevel: "warning",
};

const entryFile = (built, source) => Object.entries(built.metafile.outputs).find(([, made]) => made.entryPoint === source)[0];

async function bundle() {
    const app = await esbuild.build({ ...common, format: "esm", splitting: true, entryPoints: { main: "src/main.tsx", style: "src/style.css" } });
    // Before the first paint, so not a module; and the sign-in page needs nothing of the rest.
    const catalogs = Object.fromEntries(["en", "hi", "ar"].map((language) => [language, `/assets/${basename(entryFile(app, `src/locales/${language}.ts`))}`]));
    const alone = await esbuild.build({ ...common, format: "iife", entryPoints: { boot: "src/boot.ts", login: "src/login.ts" }, define: { CATALOGS: JSON.stringify(catalogs) } });
    const outputs = { ...app.metafile.outputs, ...alone.metafile.outputs };
    const named = {};
    for (const [file, made] of Object.entries(outputs)) {
        if (made.entryPoint) named[basename(made.entryPoint).replace(/\.\w+$/, "")] = `/assets/${basename(file)}`;
    }
    // What the first screen loads besides its entry: worth naming in the page, so that they come at once and not in turn.
    const main = Object.values(outputs).find((made) => made.entryPoint === "src/main.tsx");
    named.preload = main.imports.filter((i) => i.kind === "import-statement").map((i) => `/assets/${basename(i.path)}`);
    return named;
}

function fill(name, named) {
    let page = readFileSync(join(here, "static", name), "utf8");
    page = page.replace("{{preload}}", named.preload.map((p) => `<link rel="modulepreload" href="${p}">`).join(""));
    page = page.replace(/\{\{(\w+)\}\}/g, (_, key) => {
        if (!named[key]) throw new Error(`${name} asks for ${key}, which was not built`);
        return named[key];
    });
    writeFileSync(join(dist, name), page);
}

// The service worker keeps the shell at hand for a phone without signal. Its list and its version come from what was built.
async function worker(files) {
    const shell = files.filter((f) => f.startsWith("/assets/") || ["/index.html", "/icon.svg"].includes(f)).map((f) => (f === "/index.html" ? "/" : f));
    const version = hash(files.map((f) => hash(readFileSync(join(dist, f)))).join());
    const built = await esbuild.build({
        absWorkingDir: here,
        entryPoints: ["src/worker.ts"],
        bundle: true,
        format: "iife",
        target: ["chrome100", "firefox100", "safari15.4"],
        minify: true,
        write: false,
        define: { SHELL: JSON.stringify(shell), VERSION: JSON.stringify(version) },
    });
    writeFileSync(join(dist, "sw.js"), built.outputFiles[0].contents);
}

function walk(folder) {
    return readdirSync(folder, { withFileTypes: true })
        .flatMap((e) => (e.isDirectory() ? walk(join(folder, e.name)) : [join(folder, e.name)]))
        .sort();
}
const served = () => walk(dist).filter((f) => !f.endsWith(".gz")).map((f) => "/" + relative(dist, f));

function embed() {
    const asm = ['.section .rodata,"a",@progbits\n'];
    const rows = [];
    served().forEach((path, n) => {
        const file = join(dist, path);
        const bytes = readFileSync(file);
        const type = types[extname(path)];
        if (!type) throw new Error(`no media type is known for ${path}`);
        // mtime 0: the same sources give the same bytes
        const packed = gzipSync(bytes, { level: 9 });
        const gzip = packed.length < bytes.length * 0.95;
        if (gzip) writeFileSync(file + ".gz", packed);
        const include = (label, name, content) =>
            asm.push(`// ${hash(content)}\n.balign 16\n.globl ${label}\n.hidden ${label}\n${label}:\n.incbin "${name}"\n.byte 0\n`);
        include(`wc_asset_${n}`, file, bytes);
        if (gzip) include(`wc_asset_${n}_gz`, file + ".gz", packed);
        const url = path === "/index.html" ? "/" : path === "/login.html" ? "/login" : path;
        const part = gzip ? `PACKED(wc_asset_${n}_gz, ${packed.length})` : "PLAIN()";
        rows.push(`ASSET("${url}", "${type}", "\\"${hash(bytes)}\\"", wc_asset_${n}, ${bytes.length}, ${part}, ${path.startsWith("/assets/")})`);
    });
    asm.push('.section .note.GNU-stack,"",@progbits\n');
    writeFileSync(join(out, "console_assets.S"), asm.join("\n"));
    writeFileSync(join(out, "console_assets.inc"), rows.join("\n") + "\n");
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "assets"), { recursive: true });
const named = await bundle();
fill("index.html", named);
fill("login.html", named);
for (const name of ["page.css", "icon.svg", "manifest.webmanifest"]) {
    const source = readFileSync(join(here, "static", name));
    if (name === "page.css") {
        const small = await esbuild.transform(source.toString(), { loader: "css", minify: true, target: ["chrome100", "firefox100", "safari15.4"] });
        writeFileSync(join(dist, name), small.code);
    } else {
        writeFileSync(join(dist, name), source);
    }
}
for (const size of [192, 512]) writeFileSync(join(dist, `icon-${size}.png`), png(readFileSync(join(here, "static/icon.svg"), "utf8"), size));
await worker(served());
embed();
