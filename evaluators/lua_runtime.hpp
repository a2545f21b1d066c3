#pragma once

#include <string>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace assay {

/// What a Lua program may see. A null `expected_output` is nil.
struct LuaArguments {
    const Json& input;
    const Json& output;
    const Json& expected_output;
    const Json& metadata;
};

/// Checks that `code` compiles, as an expression or as a chunk.
/// @error invalid_argument with Lua's message and line.
[[nodiscard]] Result<void> check_lua(const std::string& code);

/// Runs `code` in a fresh Lua 5.4 with the arguments as globals: an expression, a chunk that
/// returns a value, or a chunk that returns a function, which is called with (input, output,
/// expected_output, metadata). There is no I/O, no `load`, no Lua patterns (their time is not
/// bounded): `matches(text, re)` and `extract(text, re)` are RE2, `find`, `sub`, `lower`, ... are
/// Lua's. Arrays and objects are tables, null is nil.
///
/// @return the value as JSON: null, a boolean, a number, a string or an object.
/// @error resource_exhausted past limits::k_lua_instructions_max or k_lua_memory_bytes_max;
///        invalid_argument with Lua's message otherwise.
[[nodiscard]] Result<Json> run_lua(const std::string& code, const LuaArguments& arguments);

}  // namespace assay
