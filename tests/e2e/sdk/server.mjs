// Starts a server of its own for each test file, and asks it over plain HTTP.
import {spawn} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

import {LangfuseSpanProcessor} from "@langfuse/otel";
import {NodeSDK} from "@opentelemetry/sdk-node";

export const publicKey = "pk-lf-0f4e2c6a-1111-4222-8333-444455556666";
export const secretKey = "sk-lf-0f4e2c6a-1111-4222-8333-444455556666";

/** The header with both keys. */
export const authorization = "Basic " + Buffer.from(`${publicKey}:${secretKey}`).toString("base64");

/** Starts `assay serve` on a free port, with a project "sdk" that has the keys above. */
export async function startServer() {
    const folder = mkdtempSync(join(tmpdir(), "assay-sdk-"));
    const child = spawn(process.env.ASSAY_PROGRAM, ["serve", "--data", folder, "--port", "0"], {
        stdio: ["ignore", "pipe", "pipe"],
        env: {
            ...process.env,
            LANGFUSE_INIT_ORG_ID: "org",
            LANGFUSE_INIT_ORG_NAME: "Org",
            LANGFUSE_INIT_PROJECT_ID: "sdk",
            LANGFUSE_INIT_PROJECT_NAME: "SDK tests",
            LANGFUSE_INIT_PROJECT_PUBLIC_KEY: publicKey,
            LANGFUSE_INIT_PROJECT_SECRET_KEY: secretKey,
        },
    });
    let log = "";
    child.stderr.on("data", (text) => (log += text));
    const baseUrl = await new Promise((resolve, reject) => {
        let text = "";
        child.stdout.on("data", (part) => {
            text += part;
            const found = text.match(/serves (http:\S+)/);
            if (found) resolve(found[1]);
        });
        child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${log}`)));
    });
    const ended = new Promise((resolve) => child.on("exit", resolve));

    /** The answer's status and JSON. */
    async function ask(method, path, body) {
        const response = await fetch(baseUrl + path, {
            method,
            headers: {authorization, "content-type": "application/json"},
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await response.text();
        return {status: response.status, body: text === "" ? null : JSON.parse(text)};
    }
    /** The JSON of an answer that has to be 200. */
    async function get(path) {
        const answer = await ask("GET", path);
        if (answer.status !== 200) {
            throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}\n${log}`);
        }
        return answer.body;
    }
    return {
        baseUrl,
        ask,
        get,
        /** A trace, and its observations by name. */
        traceOf: async (traceId) => {
            const trace = await get(`/api/public/traces/${traceId}`);
            return [trace, Object.fromEntries(trace.observations.map((o) => [o.name, o]))];
        },
        log: () => log,
        stop: async () => {
            child.kill("SIGTERM");
            const code = await ended;
            rmSync(folder, {recursive: true, force: true});
            if (code !== 0) throw new Error(`the server ended with ${code}: ${log}`);
        },
    };
}

/** The process's tracer, exporting to that server through the SDK's own span processor. */
export function startTracing(server, parameters = {}) {
    const processor = new LangfuseSpanProcessor({
        publicKey,
        secretKey,
        baseUrl: server.baseUrl,
        ...parameters,
    });
    const sdk = new NodeSDK({spanProcessors: [processor], autoDetectResources: false});
    sdk.start();
    return {flush: () => processor.forceFlush(), stop: () => sdk.shutdown()};
}
