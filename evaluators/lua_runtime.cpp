#include "evaluators/lua_runtime.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <lua.hpp>
#include <memory>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/regex.hpp"

namespace assay {
namespace {

constexpr const char* k_chunk_name = "=lua";
constexpr int k_instructions_a_look = 10'000;

/// How much a program used. Lives as long as its Lua state.
struct Usage {
    std::size_t bytes = 0;
    std::int64_t instructions = 0;
    bool out_of_memory = false;
    bool out_of_instructions = false;
};

void* allocate(void* user, void* block, std::size_t old_bytes, std::size_t new_bytes) {
    Usage& usage = *static_cast<Usage*>(user);
    if (block == nullptr) old_bytes = 0;  // then it says what kind of thing is made
    if (new_bytes == 0) {
        std::free(block);
        usage.bytes -= old_bytes;
        return nullptr;
    }
    if (usage.bytes - old_bytes + new_bytes > limits::k_lua_memory_bytes_max) {
        usage.out_of_memory = true;
        return nullptr;
    }
    void* const moved = std::realloc(block, new_bytes);
    if (moved != nullptr) usage.bytes += new_bytes - old_bytes;
    return moved;
}

Usage& usage_of(lua_State* lua) {
    void* usage = nullptr;
    (void)lua_getallocf(lua, &usage);
    return *static_cast<Usage*>(usage);
}

void count_instructions(lua_State* lua, lua_Debug* /*where*/) {
    Usage& usage = usage_of(lua);
    usage.instructions += k_instructions_a_look;
    if (usage.instructions < limits::k_lua_instructions_max) return;
    usage.out_of_instructions = true;
    // From here on every instruction is an error, so that a pcall cannot go on.
    lua_sethook(lua, &count_instructions, LUA_MASKCOUNT, 1);
    luaL_error(lua, "too many instructions");
}

/// The compiled pattern in the second argument. RE2 keeps its own bounds.
Regex pattern_argument(lua_State* lua) {
    std::size_t length = 0;
    const char* const text = luaL_checklstring(lua, 2, &length);
    auto regex = Regex::compile(std::string_view(text, length));
    if (!regex) luaL_error(lua, "%s", regex.error().message.c_str());
    return std::move(*regex);
}

std::string_view text_argument(lua_State* lua) {
    std::size_t length = 0;
    const char* const text = luaL_checklstring(lua, 1, &length);
    return {text, length};
}

int lua_matches(lua_State* lua) {
    const std::string_view text = text_argument(lua);
    lua_pushboolean(lua, pattern_argument(lua).found_in(text) ? 1 : 0);
    return 1;
}

int lua_extract(lua_State* lua) {
    const std::string_view text = text_argument(lua);
    const Regex regex = pattern_argument(lua);
    if (const auto found = regex.extract(text)) {
        lua_pushlstring(lua, found->data(), found->size());
    } else {
        lua_pushnil(lua);
    }
    return 1;
}

/// Where a plain text begins in another, from 1, or nil.
int lua_find(lua_State* lua) {
    const std::string_view text = text_argument(lua);
    std::size_t length = 0;
    const char* const needle = luaL_checklstring(lua, 2, &length);
    const std::size_t at = text.find(std::string_view(needle, length));
    if (at == std::string_view::npos) {
        lua_pushnil(lua);
    } else {
        lua_pushinteger(lua, static_cast<lua_Integer>(at + 1));
    }
    return 1;
}

void push(lua_State* lua, const Json& value) {
    luaL_checkstack(lua, 4, "the value is nested too deeply");
    switch (value.type()) {
        case Json::value_t::boolean: lua_pushboolean(lua, value.get<bool>() ? 1 : 0); return;
        case Json::value_t::number_integer: lua_pushinteger(lua, value.get<lua_Integer>()); return;
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float: lua_pushnumber(lua, value.get<double>()); return;
        case Json::value_t::string: {
            const auto& text = value.get_ref<const std::string&>();
            lua_pushlstring(lua, text.data(), text.size());
            return;
        }
        case Json::value_t::array:
            lua_createtable(lua, static_cast<int>(value.size()), 0);
            for (std::size_t i = 0; i < value.size(); ++i) {
                push(lua, value[i]);
                lua_rawseti(lua, -2, static_cast<lua_Integer>(i + 1));
            }
            return;
        case Json::value_t::object:
            lua_createtable(lua, 0, static_cast<int>(value.size()));
            for (const auto& [key, member] : value.items()) {
                lua_pushlstring(lua, key.data(), key.size());
                push(lua, member);
                lua_rawset(lua, -3);
            }
            return;
        default: lua_pushnil(lua);
    }
}

/// The scalar on top of the stack; a member that is none becomes null.
Json read_scalar(lua_State* lua) {
    switch (lua_type(lua, -1)) {
        case LUA_TBOOLEAN: return lua_toboolean(lua, -1) != 0;
        case LUA_TNUMBER:
            if (lua_isinteger(lua, -1) != 0) return lua_tointeger(lua, -1);
            return lua_tonumber(lua, -1);
        case LUA_TSTRING: {
            std::size_t length = 0;
            const char* const text = lua_tolstring(lua, -1, &length);
            return to_valid_utf8(std::string_view(text, length));
        }
        default: return nullptr;
    }
}

/// The value on top of the stack: a scalar, or a table with `value` and `comment`.
Json read_result(lua_State* lua) {
    if (!lua_istable(lua, -1)) return read_scalar(lua);
    Json result = Json::object();
    for (const char* key : {"value", "comment"}) {
        lua_getfield(lua, -1, key);
        result[key] = read_scalar(lua);
        lua_pop(lua, 1);
    }
    return result;
}

/// The libraries that compute and cannot reach out or run without bound.
void open_libraries(lua_State* lua) {
    luaL_requiref(lua, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(lua, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(lua, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(lua, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(lua, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    lua_settop(lua, 0);
    for (const char* name : {"dofile", "loadfile", "load", "print", "collectgarbage", "require",
                             "setmetatable", "warn"}) {
        lua_pushnil(lua);
        lua_setglobal(lua, name);
    }
    lua_getglobal(lua, "string");
    for (const char* name : {"match", "gmatch", "gsub", "dump"}) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, name);
    }
    lua_pushcfunction(lua, &lua_find);
    lua_setfield(lua, -2, "find");
    lua_settop(lua, 0);
    lua_getglobal(lua, "math");
    for (const char* name : {"random", "randomseed"}) {  // the same input gives the same score
        lua_pushnil(lua);
        lua_setfield(lua, -2, name);
    }
    lua_settop(lua, 0);
    lua_register(lua, "matches", &lua_matches);
    lua_register(lua, "extract", &lua_extract);
}

/// Leaves the compiled function on the stack, or Lua's message.
int compile(lua_State* lua, const std::string& code) {
    const std::string expression = "return " + code;
    const int status =
        luaL_loadbufferx(lua, expression.data(), expression.size(), k_chunk_name, "t");
    if (status == LUA_OK) return status;
    lua_pop(lua, 1);
    return luaL_loadbufferx(lua, code.data(), code.size(), k_chunk_name, "t");
}

/// Everything that can raise a Lua error happens in here, under one protected call.
int run_protected(lua_State* lua) {
    const auto& code = *static_cast<const std::string*>(lua_touserdata(lua, 1));
    const auto* const arguments = static_cast<const LuaArguments*>(lua_touserdata(lua, 2));
    open_libraries(lua);
    if (compile(lua, code) != LUA_OK) return lua_error(lua);
    if (arguments == nullptr) return 0;  // only to be checked
    const std::array<std::pair<const char*, const Json*>, 4> named = {
        {{"input", &arguments->input},
         {"output", &arguments->output},
         {"expected_output", &arguments->expected_output},
         {"metadata", &arguments->metadata}}};
    for (const auto& [name, value] : named) {
        push(lua, *value);
        lua_setglobal(lua, name);
    }
    lua_sethook(lua, &count_instructions, LUA_MASKCOUNT, k_instructions_a_look);
    lua_call(lua, 0, 1);
    if (!lua_isfunction(lua, -1)) return 1;
    for (const auto& [name, value] : named) lua_getglobal(lua, name);
    lua_call(lua, static_cast<int>(named.size()), 1);
    return 1;
}

struct CloseState {
    void operator()(lua_State* lua) const noexcept { lua_close(lua); }
};

Error explain(lua_State* lua, const Usage& usage) {
    if (usage.out_of_memory) {
        return {ErrorCode::resource_exhausted, fmt::format("the Lua program needs more than {} MB",
                                                           limits::k_lua_memory_bytes_max >> 20U)};
    }
    if (usage.out_of_instructions) {
        return {ErrorCode::resource_exhausted,
                fmt::format("the Lua program ran for more than {} instructions",
                            limits::k_lua_instructions_max)};
    }
    const char* const message = lua_tostring(lua, -1);
    return {ErrorCode::invalid_argument,
            to_valid_utf8(message == nullptr ? "the Lua program raised an error" : message)};
}

Result<Json> run(const std::string& code, const LuaArguments* arguments) {
    Usage usage;
    const std::unique_ptr<lua_State, CloseState> lua(lua_newstate(&allocate, &usage));
    if (!lua) return failure(ErrorCode::resource_exhausted, "Lua cannot be started");
    lua_pushcfunction(lua.get(), &run_protected);
    // Lua's C interface has no const; neither is written to.
    lua_pushlightuserdata(lua.get(), const_cast<std::string*>(&code));
    lua_pushlightuserdata(lua.get(), const_cast<LuaArguments*>(arguments));
    if (lua_pcall(lua.get(), 2, 1, 0) != LUA_OK) return std::unexpected(explain(lua.get(), usage));
    lua_sethook(lua.get(), nullptr, 0, 0);
    return read_result(lua.get());
}

}  // namespace

Result<void> check_lua(const std::string& code) {
    ASSAY_CHECK(run(code, nullptr));
    return {};
}

Result<Json> run_lua(const std::string& code, const LuaArguments& arguments) {
    return run(code, &arguments);
}

}  // namespace assay
