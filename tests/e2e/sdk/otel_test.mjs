// Vanilla OpenTelemetry: protobuf, gzip, several batches, the conventions for generative AI.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {context, SpanKind, SpanStatusCode, trace as api} from "@opentelemetry/api";
import {OTLPTraceExporter} from "@opentelemetry/exporter-trace-otlp-proto";
import {NodeSDK, resources, tracing as spans} from "@opentelemetry/sdk-node";

import {authorization, publicKey, startServer} from "./server.mjs";

const finished = new spans.InMemorySpanExporter();
const minute = Date.parse("2026-01-02T03:04:00.000Z");

let server;
let processor;
let sdk;
let tracer;

function exporter(header) {
    return new OTLPTraceExporter({
        url: `${server.baseUrl}/api/public/otel/v1/traces`,
        headers: {authorization: header},
        compression: "gzip",
    });
}

before(async () => {
    server = await startServer();
    processor = new spans.BatchSpanProcessor(exporter(authorization), {maxExportBatchSize: 7});
    sdk = new NodeSDK({
        spanProcessors: [processor, new spans.SimpleSpanProcessor(finished)],
        autoDetectResources: false,
        resource: resources.resourceFromAttributes({
            "service.name": "billing",
            "service.version": "2.1.0",
            "deployment.environment": "Staging",
            "host.cpus": 4,
        }),
    });
    sdk.start();
    tracer = api.getTracer("my-app", "1.2.3");
});

after(async () => {
    await sdk?.shutdown();
    await server?.stop();
});

const idOf = (span) => span.spanContext().traceId;

/** A span from one millisecond of the minute to another, under the parent if there is one. */
function span(name, from, until, attributes, parent, work = () => {}) {
    const under = parent ? api.setSpan(context.active(), parent) : context.active();
    const made = tracer.startSpan(name, {startTime: minute + from, attributes}, under);
    work(made);
    made.end(minute + until);
    return made;
}

async function readBack(root) {
    await processor.forceFlush();
    return server.traceOf(idOf(root));
}

test("a request with a call of a model and of a tool", async () => {
    const root = tracer.startSpan("POST /ask", {
        kind: SpanKind.SERVER,
        startTime: minute,
        attributes: {
            "user.id": "user-1",
            "session.id": "session-1",
            "http.request.method": "POST",
            "http.response.status_code": 200,
            "app.share": 0.5,
            "app.flags": ["x", "y"],
            "app.cached": false,
        },
    });
    const input = [{role: "user", parts: [{type: "text", content: "6 x 7?"}]}];
    const output = [
        {role: "assistant", parts: [{type: "text", content: "42"}], finish_reason: "stop"},
    ];
    span(
        "chat gpt-4o-mini",
        100,
        1350,
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.request.temperature": 0.25,
            "gen_ai.request.max_tokens": 20,
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.output_tokens": 7,
            "gen_ai.usage.cache_read.input_tokens": 4,
            "gen_ai.input.messages": JSON.stringify(input),
            "gen_ai.output.messages": JSON.stringify(output),
        },
        root,
    );
    span(
        "execute_tool multiply",
        1400,
        1500,
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "multiply",
            "gen_ai.tool.call.id": "call_1",
            "gen_ai.tool.call.arguments": '{"a":6,"b":7}',
            "gen_ai.tool.call.result": '{"product":42}',
        },
        root,
    );
    root.end(minute + 2000);

    const [trace, byName] = await readBack(root);
    assert.equal(trace.name, "POST /ask");
    assert.equal(trace.timestamp, "2026-01-02T03:04:00.000Z");
    assert.equal(trace.userId, "user-1");
    assert.equal(trace.sessionId, "session-1");
    assert.equal(trace.environment, "staging");
    assert.equal(trace.version, "2.1.0");
    assert.equal(trace.latency, 2);
    assert.deepEqual(trace.metadata.resourceAttributes, {
        "service.name": "billing",
        "service.version": "2.1.0",
        "deployment.environment": "Staging",
        "host.cpus": 4,
    });
    assert.deepEqual(trace.metadata.scope, {name: "my-app", version: "1.2.3", attributes: {}});
    assert.equal(trace.observations.length, 3);

    const outer = byName["POST /ask"];
    assert.equal(outer.type, "SPAN");
    assert.equal(outer.parentObservationId, null);
    assert.equal(outer.metadata.attributes["http.request.method"], "POST");
    assert.equal(outer.metadata.attributes["http.response.status_code"], "200");
    assert.equal(outer.metadata.attributes["app.share"], "0.5");
    assert.equal(outer.metadata.attributes["app.flags"], '["x","y"]');
    assert.equal(outer.metadata.attributes["app.cached"], "false");

    const chat = byName["chat gpt-4o-mini"];
    assert.equal(chat.type, "GENERATION");
    assert.equal(chat.parentObservationId, outer.id);
    assert.equal(chat.startTime, "2026-01-02T03:04:00.100Z");
    assert.equal(chat.endTime, "2026-01-02T03:04:01.350Z");
    assert.equal(chat.latency, 1.25);
    assert.equal(chat.model, "gpt-4o-mini-2024-07-18");
    assert.deepEqual(chat.modelParameters, {temperature: "0.25", max_tokens: "20"});
    assert.deepEqual(chat.input, input);
    assert.deepEqual(chat.output, output);
    assert.deepEqual(chat.usageDetails, {input: 8, input_cached_tokens: 4, output: 7, total: 19});
    assert.deepEqual(chat.costDetails, {
        input: 0.0000012,
        input_cached_tokens: 0.0000003,
        output: 0.0000042,
        total: 0.0000057,
    });
    assert.equal(trace.totalCost, 0.0000057);

    const multiply = byName.multiply;
    assert.equal(multiply.type, "TOOL");
    assert.deepEqual(multiply.input, {a: 6, b: 7});
    assert.deepEqual(multiply.output, {product: 42});
    assert.equal(multiply.metadata.attributes["gen_ai.tool.call.id"], "call_1");
});

test("agents, embeddings, events as messages and given costs", async () => {
    const root = span("invoke_agent Ann", 0, 900, {"gen_ai.operation.name": "invoke_agent"});
    span(
        "embeddings e",
        100,
        200,
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.request.model": "my-embedding",
            "gen_ai.usage.input_tokens": 3,
        },
        root,
    );
    span(
        "old chat",
        300,
        400,
        {
            "gen_ai.system": "openai",
            "gen_ai.request.model": "my-model",
            "gen_ai.usage.prompt_tokens": 3,
            "gen_ai.usage.completion_tokens": 4,
            "gen_ai.usage.cost": 0.125,
        },
        root,
        (made) => {
            made.addEvent("gen_ai.user.message", {content: "6 x 7?"}, minute + 301);
            made.addEvent("gen_ai.choice", {index: 0, message: '{"content":"42"}'}, minute + 399);
        },
    );
    const [trace, byName] = await readBack(root);
    assert.equal(byName["invoke_agent Ann"].type, "AGENT");
    assert.equal(byName["embeddings e"].type, "EMBEDDING");
    assert.equal(byName["embeddings e"].model, "my-embedding");
    assert.deepEqual(byName["embeddings e"].usageDetails, {input: 3, total: 3});
    const chat = byName["old chat"];
    assert.equal(chat.type, "GENERATION");
    assert.deepEqual(chat.input, [{role: "user", content: "6 x 7?"}]);
    assert.deepEqual(chat.output, {index: 0, message: '{"content":"42"}'});
    assert.deepEqual(chat.usageDetails, {input: 3, output: 4, total: 7});
    assert.deepEqual(chat.costDetails, {total: 0.125});
    assert.equal(trace.totalCost, 0.125);
});

test("a failed span is of level ERROR", async () => {
    const failed = span("fails", 0, 10, {}, undefined, (made) => {
        made.recordException(new Error("broken"), minute + 5);
        made.setStatus({code: SpanStatusCode.ERROR, message: "it is broken"});
    });
    const [, byName] = await readBack(failed);
    assert.equal(byName.fails.level, "ERROR");
    assert.equal(byName.fails.statusMessage, "it is broken");
});

test("a trace in many batches, its root in the last", async () => {
    const root = tracer.startSpan("root", {startTime: minute});
    for (let i = 0; i < 60; ++i) span(`step ${i}`, 10 * i, 10 * i + 5, {"app.step": i}, root);
    await processor.forceFlush();
    const early = await server.get(`/api/public/traces/${idOf(root)}`);
    assert.equal(early.name, null);
    assert.equal(early.observations.length, 60);
    root.setAttribute("langfuse.trace.name", "the trace");
    root.setAttribute("langfuse.trace.tags", ["b", "a"]);
    root.end(minute + 1000);
    const [trace, byName] = await readBack(root);
    assert.equal(trace.name, "the trace");
    assert.deepEqual(trace.tags, ["a", "b"]);
    assert.equal(trace.observations.length, 61);
    assert.deepEqual(
        trace.observations.filter((o) => o.parentObservationId !== null).map((o) => o.name),
        Array.from({length: 60}, (_, i) => `step ${i}`),
    );
    assert.equal(byName["step 59"].parentObservationId, byName.root.id);
});

test("the same spans again change nothing, and nothing comes in with a wrong key", async () => {
    const sent = finished.getFinishedSpans().filter((s) => s.name.startsWith("chat"));
    const traceId = sent[0].spanContext().traceId;
    const before = await server.get(`/api/public/traces/${traceId}`);
    const exported = (header) => new Promise((resolve) => exporter(header).export(sent, resolve));
    assert.equal((await exported(authorization)).code, 0);
    const wrong = "Basic " + Buffer.from(`${publicKey}:sk-lf-wrong`).toString("base64");
    const refused = await exported(wrong);
    assert.equal(refused.code, 1);
    assert.equal(refused.error.code, 401);
    const read = await server.get(`/api/public/traces/${traceId}`);
    assert.deepEqual(
        read.observations.map(({updatedAt, ...rest}) => rest),
        before.observations.map(({updatedAt, ...rest}) => rest),
    );
});
