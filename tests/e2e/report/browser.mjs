// Runs the real program and opens what it writes in Debian's Chromium.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PROGRAM = process.env.ASSAY_PROGRAM;
/** Where the modules are installed and the screenshots are left. */
export const OUTPUT = process.env.ASSAY_OUTPUT;

const { chromium } = createRequire(join(OUTPUT, "package.json"))("playwright-core");

/**
 * Runs a spec over rows in a folder of its own, with `files` (name -> text) beside it; the path of
 * its report and what removes it. The run of the spec `baseline` is the baseline "main" then.
 */
export function makeReport(spec, rows, exitCode, { files = {}, baseline = null } = {}) {
    const folder = mkdtempSync(join(tmpdir(), "assay-report-"));
    const path = (name) => join(folder, name);
    const write = (name, text) => writeFileSync(path(name), text);
    const run = (exitCode, ...words) => {
        const env = { PATH: process.env.PATH, HOME: folder };
        const ended = spawnSync(PROGRAM, words, { cwd: folder, env, encoding: "utf8" });
        if (ended.status === exitCode) return;
        throw new Error(`assay ${words.join(" ")} ended with ${ended.status}: ${ended.stderr}`);
    };
    for (const [name, text] of Object.entries(files)) write(name, text);
    write("rows.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    if (baseline) {
        write("main.eval.json", JSON.stringify({ ...baseline, dataset: datasetOf(baseline) }));
        run(0, "run", "main.eval.json");
        run(0, "baseline", "set", "main", "latest");
    }
    write("spec.eval.json", JSON.stringify({ ...spec, dataset: datasetOf(spec) }));
    run(exitCode, "run", "spec.eval.json", "--out", "report.html");
    return { path: path("report.html"), remove: () => rmSync(folder, { recursive: true }) };
}

function datasetOf(spec) {
    return { file: "rows.jsonl", metadata: { lang: "$.lang" }, ...spec.dataset };
}

export async function startBrowser() {
    return chromium.launch({
        executablePath: execFileSync("which", ["chromium"], { encoding: "utf8" }).trim(),
        args: [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    });
}

/** A page with the report, and what must stay empty: complaints, requests, executed payloads. */
export async function openReport(browser, path, options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        ...options,
    });
    const page = await context.newPage();
    const troubles = [];
    const address = pathToFileURL(path).href;
    page.on("console", (message) => troubles.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => troubles.push(`dialog: ${dialog.message()}`));
    page.on("request", (request) => {
        if (request.url() !== address) troubles.push(`request: ${request.url()}`);
    });
    page.on("framenavigated", (frame) => {
        if (frame.url() !== address) troubles.push(`navigation: ${frame.url()}`);
    });
    await page.exposeFunction("pwned", () => troubles.push("a payload was executed"));
    await page.goto(address);
    return { page, troubles };
}
