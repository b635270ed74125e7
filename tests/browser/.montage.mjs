import { launch } from "./support/console.mjs";
const [out, height, ...files] = process.argv.slice(2);
const b = await launch(); const p = await b.newPage({viewport:{width:1500,height:100}});
const { readFileSync } = await import("node:fs");
await p.setContent(`<body style="margin:0;background:#888;display:inline-flex;gap:8px;flex-wrap:wrap">` + files.map(f=>`<img style="height:${height}px" src="data:image/png;base64,${readFileSync("/work/main/build/screenshots/"+f+".png").toString("base64")}">`).join(""));
await p.waitForTimeout(300);
await p.locator("body").screenshot({path:out}); await b.close();
