// The AI SDK's telemetry, exported twice: by the SDK's span processor to one server and by a
// vanilla exporter to another. Both have to tell the same.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";

import {OTLPTraceExporter} from "@opentelemetry/exporter-trace-otlp-proto";
import {NodeSDK, tracing as spans} from "@opentelemetry/sdk-node";
import {embed, generateText, stepCountIs, streamText, tool} from "ai";
import {MockEmbeddingModelV2, MockLanguageModelV2, simulateReadableStream} from "ai/test";
import {LangfuseSpanProcessor} from "@langfuse/otel";
import {z} from "zod";

import {authorization, publicKey, secretKey, startServer} from "./server.mjs";

const usage = {
    inputTokens: 12,
    outputTokens: 7,
    totalTokens: 19,
    cachedInputTokens: 4,
    reasoningTokens: 2,
};
const response = {id: "r1", modelId: "gpt-4o-mini-2024-07-18", timestamp: new Date(0)};
// What a model says of a call, which is where a whole answer has the parts of the usage.
const providerMetadata = {openai: {cachedPromptTokens: 4, reasoningTokens: 2}};
const experimental_telemetry = {
    isEnabled: true,
    functionId: "solve",
    metadata: {userId: "user-1", sessionId: "session-1", tags: ["b", "a"], plan: "free"},
};

let servers = [];
let processors = [];
let sdk;

before(async () => {
    servers = [await startServer(), await startServer()];
    const [own, vanilla] = servers;
    const exporter = new OTLPTraceExporter({
        url: `${vanilla.baseUrl}/api/public/otel/v1/traces`,
        headers: {authorization},
    });
    processors = [
        new LangfuseSpanProcessor({publicKey, secretKey, baseUrl: own.baseUrl}),
        new spans.BatchSpanProcessor(exporter),
    ];
    sdk = new NodeSDK({spanProcessors: processors, autoDetectResources: false});
    sdk.start();
});

after(async () => {
    await sdk?.shutdown();
    await Promise.all(servers.map((server) => server.stop()));
});

function modelThat(answers) {
    return new MockLanguageModelV2({provider: "openai.chat", modelId: "gpt-4o-mini", ...answers});
}

/** What each server has of the one trace of that name, with what the exporters add left out. */
async function traceOf(name) {
    await Promise.all(processors.map((processor) => processor.forceFlush()));
    const read = [];
    for (const server of servers) {
        const {data} = await server.get(`/api/public/traces?name=${encodeURIComponent(name)}`);
        assert.equal(data.length, 1);
        const [trace] = await server.traceOf(data[0].id);
        for (const record of [trace, ...trace.observations]) {
            delete record.createdAt;
            delete record.updatedAt;
            delete record.metadata.attributes["langfuse.internal.is_app_root"];
        }
        read.push(trace);
    }
    const [own, vanilla] = read;
    assert.deepEqual(vanilla, own);
    return [own, Object.fromEntries(own.observations.map((o) => [o.name.split(":")[1], o]))];
}

function checkTrace(trace) {
    assert.equal(trace.userId, "user-1");
    assert.equal(trace.sessionId, "session-1");
    assert.deepEqual(trace.tags, ["a", "b"]);
    assert.equal(trace.metadata.plan, "free");
    assert.equal(trace.metadata.scope.name, "ai");
    assert.equal(trace.environment, "default");
}

function checkUsage(generation) {
    assert.deepEqual(generation.usageDetails, {
        input: 8,
        output: 5,
        total: 19,
        input_cached_tokens: 4,
        output_reasoning_tokens: 2,
    });
    assert.deepEqual(generation.costDetails, {
        input: 0.0000012,
        output: 0.000003,
        input_cached_tokens: 0.0000003,
        output_reasoning_tokens: 0.0000012,
        total: 0.0000057,
    });
}

test("generateText is a span around a generation, whose cost counts once", async () => {
    const model = modelThat({
        doGenerate: async () => ({
            content: [{type: "text", text: "It is 42"}],
            finishReason: "stop",
            usage,
            warnings: [],
            response,
            providerMetadata,
        }),
    });
    const {text} = await generateText({
        model,
        system: "Be kind",
        prompt: "6 x 7?",
        temperature: 0.25,
        maxOutputTokens: 20,
        experimental_telemetry,
    });
    assert.equal(text, "It is 42");

    const [trace, byName] = await traceOf("solve:ai.generateText");
    checkTrace(trace);
    assert.deepEqual(trace.input, {system: "Be kind", prompt: "6 x 7?"});
    assert.equal(trace.output, "It is 42");
    assert.equal(trace.observations.length, 2);
    const outer = byName["ai.generateText"];
    assert.equal(outer.type, "SPAN");
    assert.equal(outer.parentObservationId, null);
    assert.deepEqual(outer.input, trace.input);
    assert.equal(outer.output, "It is 42");
    assert.deepEqual(outer.usageDetails, {});
    const inner = byName["ai.generateText.doGenerate"];
    assert.equal(inner.type, "GENERATION");
    assert.equal(inner.parentObservationId, outer.id);
    assert.equal(inner.model, "gpt-4o-mini-2024-07-18");
    assert.equal(inner.modelParameters.temperature, "0.25");
    assert.equal(inner.modelParameters.maxTokens, "20");
    assert.deepEqual(inner.input, [
        {role: "system", content: "Be kind"},
        {role: "user", content: [{type: "text", text: "6 x 7?"}]},
    ]);
    assert.equal(inner.output, "It is 42");
    assert.equal(inner.metadata.plan, "free");
    assert.equal(inner.metadata.attributes["ai.response.finishReason"], "stop");
    assert.equal("ai.prompt.messages" in inner.metadata.attributes, false);
    checkUsage(inner);
    assert.equal(trace.totalCost, 0.0000057);
});

test("streamText has the time of the first chunk", async () => {
    const chunks = [
        {type: "stream-start", warnings: []},
        {type: "response-metadata", ...response},
        {type: "text-start", id: "1"},
        {type: "text-delta", id: "1", delta: "It is "},
        {type: "text-delta", id: "1", delta: "42"},
        {type: "text-end", id: "1"},
        {type: "finish", finishReason: "stop", usage},
    ];
    const model = modelThat({doStream: async () => ({stream: simulateReadableStream({chunks})})});
    const messages = [{role: "user", content: "6 x 7?"}];
    const result = streamText({model, messages, experimental_telemetry});
    await result.consumeStream();
    assert.equal(await result.text, "It is 42");

    const [trace, byName] = await traceOf("solve:ai.streamText");
    checkTrace(trace);
    assert.deepEqual(trace.input, {messages});
    assert.equal(trace.output, "It is 42");
    const inner = byName["ai.streamText.doStream"];
    assert.equal(inner.type, "GENERATION");
    assert.equal(inner.parentObservationId, byName["ai.streamText"].id);
    assert.equal(inner.output, "It is 42");
    checkUsage(inner);
    assert.deepEqual(byName["ai.streamText"].usageDetails, {});
    assert.equal(trace.totalCost, 0.0000057);
    assert.ok(inner.startTime <= inner.completionStartTime);
    assert.ok(inner.completionStartTime <= inner.endTime);
});

test("steps with a call of a tool", async () => {
    const toolCall = {
        type: "tool-call",
        toolCallId: "c1",
        toolName: "multiply",
        input: '{"a":6,"b":7}',
    };
    const answers = [
        {content: [toolCall], finishReason: "tool-calls"},
        {content: [{type: "text", text: "It is 42"}], finishReason: "stop"},
    ];
    const model = modelThat({
        doGenerate: async () => ({...answers.shift(), usage, warnings: [], response}),
    });
    const multiply = tool({
        description: "Multiplies",
        inputSchema: z.object({a: z.number(), b: z.number()}),
        execute: async ({a, b}) => ({product: a * b}),
    });
    await generateText({
        model,
        prompt: "6 x 7?",
        tools: {multiply},
        stopWhen: stepCountIs(3),
        experimental_telemetry: {...experimental_telemetry, functionId: "steps"},
    });

    const [trace, byName] = await traceOf("steps:ai.generateText");
    assert.equal(trace.output, "It is 42");
    assert.equal(trace.observations.length, 4);
    const [called] = trace.observations.filter((o) => o.type === "TOOL");
    assert.equal(called.name, "multiply");
    assert.equal(called.parentObservationId, byName["ai.generateText"].id);
    assert.deepEqual(called.input, {a: 6, b: 7});
    assert.deepEqual(called.output, {product: 42});
    const generations = trace.observations.filter((o) => o.type === "GENERATION");
    assert.equal(generations.length, 2);
    const second = generations.find((o) => o.output === "It is 42");
    const first = generations.find((o) => o !== second);
    assert.deepEqual(
        first.output.map((call) => [call.toolName, call.toolCallId]),
        [["multiply", "c1"]],
    );
    // A whole answer says nothing of the parts of its usage: 12 tokens in, 7 out, twice.
    assert.deepEqual(second.usageDetails, {input: 12, output: 7, total: 19});
    assert.equal(trace.totalCost, 0.000012);
    assert.deepEqual(
        second.input.map((message) => message.role),
        ["user", "assistant", "tool"],
    );
});

test("embed", async () => {
    const model = new MockEmbeddingModelV2({
        modelId: "text-embedding-3-small",
        doEmbed: async () => ({embeddings: [[0.5, -0.5]], usage: {tokens: 3}}),
    });
    await embed({model, value: "words", experimental_telemetry});
    const [trace, byName] = await traceOf("solve:ai.embed");
    checkTrace(trace);
    assert.equal(trace.input, "words");
    assert.deepEqual(trace.output, [0.5, -0.5]);
    const inner = byName["ai.embed.doEmbed"];
    assert.equal(inner.type, "EMBEDDING");
    assert.equal(inner.model, "text-embedding-3-small");
    // Lists of JSON texts, as the AI SDK tells them.
    assert.deepEqual(inner.input, ['"words"']);
    assert.deepEqual(inner.output, ["[0.5,-0.5]"]);
    assert.deepEqual(inner.usageDetails, {total: 3});
    assert.deepEqual(byName["ai.embed"].usageDetails, {});
});

test("a model that fails", async () => {
    const model = modelThat({
        doGenerate: async () => {
            throw new Error("the model is away");
        },
    });
    await assert.rejects(
        generateText({
            model,
            prompt: "6 x 7?",
            maxRetries: 0,
            experimental_telemetry: {...experimental_telemetry, functionId: "fails"},
        }),
    );
    const [trace, byName] = await traceOf("fails:ai.generateText");
    assert.equal(trace.observations.length, 2);
    for (const observation of Object.values(byName)) {
        assert.equal(observation.level, "ERROR");
        assert.equal(observation.statusMessage, "the model is away");
        assert.equal(observation.output, null);
    }
});
