// icon.svg as PNG, for phones that take no SVG icon (iPhones, and Android's home screen). Knows just what our icon is made of: one full-bleed
// rounded square and filled paths of M, h, v, l, c, s, a (as circles' arcs), A and Z. No rasteriser is worth a dependency for one file.
import { deflateSync } from "node:zlib";

const steps = 24; // straight pieces for a curve
const samples = 4; // lines per pixel

function numbers(text) {
    return (text.match(/-?(?:\d+\.?\d*|\.\d+)/g) ?? []).map(Number);
}

// SVG 1.1, F.6.5: from end points to centre
function arc(x1, y1, [rx, ry, turn, large, sweep], x2, y2) {
    const phi = (turn * Math.PI) / 180;
    const [cos, sin] = [Math.cos(phi), Math.sin(phi)];
    const [dx, dy] = [(x1 - x2) / 2, (y1 - y2) / 2];
    const [xp, yp] = [cos * dx + sin * dy, cos * dy - sin * dx];
    const grow = Math.max(1, Math.sqrt((xp * xp) / (rx * rx) + (yp * yp) / (ry * ry)));
    const [a, b] = [rx * grow, ry * grow];
    const under = Math.max(0, (a * a * b * b - a * a * yp * yp - b * b * xp * xp) / (a * a * yp * yp + b * b * xp * xp));
    const factor = (large === sweep ? -1 : 1) * Math.sqrt(under);
    const [cxp, cyp] = [(factor * a * yp) / b, (-factor * b * xp) / a];
    const [cx, cy] = [cos * cxp - sin * cyp + (x1 + x2) / 2, sin * cxp + cos * cyp + (y1 + y2) / 2];
    const from = Math.atan2((yp - cyp) / b, (xp - cxp) / a);
    let by = Math.atan2((-yp - cyp) / b, (-xp - cxp) / a) - from;
    if (sweep && by < 0) by += 2 * Math.PI;
    if (!sweep && by > 0) by -= 2 * Math.PI;
    return Array.from({ length: steps }, (_, n) => {
        const t = from + (by * (n + 1)) / steps;
        return [cx + a * Math.cos(t) * cos - b * Math.sin(t) * sin, cy + a * Math.cos(t) * sin + b * Math.sin(t) * cos];
    });
}

// The outlines of a path as polygons.
function outlines(path) {
    const all = [];
    let [x, y] = [0, 0];
    let bend = null; // the last curve's second control point
    for (const [, command, rest] of path.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
        const v = numbers(rest);
        const shape = all[all.length - 1];
        const relative = command === command.toLowerCase();
        const size = { m: 2, l: 2, h: 1, v: 1, c: 6, s: 4, a: 7, z: 0 }[command.toLowerCase()];
        if (size === undefined) throw new Error(`icon.svg: no ${command} is known here`);
        for (let i = 0; i < Math.max(1, size === 0 ? 1 : v.length / size); i++) {
            const p = v.slice(i * size, (i + 1) * size);
            const [ox, oy] = relative ? [x, y] : [0, 0];
            const kind = command.toLowerCase();
            if (kind === "m") all.push([[(x = ox + p[0]), (y = oy + p[1])]]);
            else if (kind === "l") shape.push([(x = ox + p[0]), (y = oy + p[1])]);
            else if (kind === "h") shape.push([(x = ox + p[0]), y]);
            else if (kind === "v") shape.push([x, (y = oy + p[0])]);
            else if (kind === "z") [x, y] = shape[0];
            else if (kind === "a") {
                const [ex, ey] = [ox + p[5], oy + p[6]];
                if (ex !== x || ey !== y) shape.push(...arc(x, y, p, ex, ey));
                [x, y] = [ex, ey];
            } else {
                const first = kind === "c" ? [ox + p[0], oy + p[1]] : bend === null ? [x, y] : [2 * x - bend[0], 2 * y - bend[1]];
                const [second, end] = kind === "c" ? [[ox + p[2], oy + p[3]], [ox + p[4], oy + p[5]]] : [[ox + p[0], oy + p[1]], [ox + p[2], oy + p[3]]];
                for (let n = 1; n <= steps; n++) {
                    const t = n / steps;
                    const u = 1 - t;
                    shape.push([0, 1].map((k) => u * u * u * [x, y][k] + 3 * u * u * t * first[k] + 3 * u * t * t * second[k] + t * t * t * end[k]));
                }
                [x, y] = end;
                bend = second;
                continue;
            }
            bend = null;
        }
    }
    return all;
}

// How much of each pixel of a row a path covers, 0 … 1. Even-odd would punch holes where outlines cross: the winding number counts.
function coverage(shapes, y, size, scale) {
    const row = new Float64Array(size);
    for (let line = 0; line < samples; line++) {
        const at = (y + (line + 0.5) / samples) * scale;
        const crossings = [];
        for (const shape of shapes) {
            for (let i = 0; i < shape.length; i++) {
                const [x1, y1] = shape[i];
                const [x2, y2] = shape[(i + 1) % shape.length];
                if (y1 <= at !== y2 <= at) crossings.push([(x1 + ((at - y1) / (y2 - y1)) * (x2 - x1)) / scale, y2 > y1 ? 1 : -1]);
            }
        }
        crossings.sort(([p], [q]) => p - q);
        let winding = 0;
        crossings.forEach(([from, turn], n) => {
            winding += turn;
            const to = crossings[n + 1]?.[0] ?? from;
            if (winding === 0) return;
            for (let x = Math.max(0, Math.floor(from)); x < Math.min(size, to); x++) row[x] += Math.max(0, Math.min(to, x + 1) - Math.max(from, x)) / samples;
        });
    }
    return row;
}

function crc(bytes) {
    let c = ~0;
    for (const byte of bytes) {
        c ^= byte;
        for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    }
    return ~c >>> 0;
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const made = Buffer.alloc(body.length + 8);
    made.writeUInt32BE(data.length, 0);
    body.copy(made, 4);
    made.writeUInt32BE(crc(body), body.length + 4);
    return made;
}

// Full-bleed: phones cut their own shape out of it.
export function png(svg, size) {
    const [, , wide] = numbers(/viewBox="([^"]*)"/.exec(svg)[1]);
    const colour = (text) => [1, 3, 5].map((n) => Number.parseInt(text.slice(n, n + 2), 16));
    const ground = colour(/<rect[^>]*fill="(#[0-9a-f]{6})"/.exec(svg)[1]);
    const paths = [...svg.matchAll(/<path d="([^"]*)" fill="(#[0-9a-f]{6})"/g)].map(([, d, fill]) => ({ shapes: outlines(d), fill: colour(fill) }));
    const rows = [];
    for (let y = 0; y < size; y++) {
        const row = Buffer.alloc(1 + size * 3);
        const pixels = Float64Array.from({ length: size * 3 }, (_, n) => ground[n % 3]);
        for (const { shapes, fill } of paths) {
            coverage(shapes, y, size, wide / size).forEach((share, x) => fill.forEach((part, k) => (pixels[x * 3 + k] += (part - pixels[x * 3 + k]) * Math.min(1, share))));
        }
        pixels.forEach((part, n) => (row[1 + n] = Math.round(part)));
        rows.push(row);
    }
    const head = Buffer.alloc(13);
    head.writeUInt32BE(size, 0);
    head.writeUInt32BE(size, 4);
    head.set([8, 2, 0, 0, 0], 8);
    return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("IDAT", deflateSync(Buffer.concat(rows), { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}
