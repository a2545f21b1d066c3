#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <source_location>
#include <string>
#include <utility>

namespace assay {

/// What kind of thing went wrong. The list is closed: it drives the exit code
/// (runner/cli/exit_code.cpp) and later the HTTP status, and both must name every value.
enum class ErrorCode : std::uint8_t {
    invalid_argument,    ///< the spec, the command line or the data is wrong
    not_found,           ///< a file, run or name that does not exist
    already_exists,      ///< an id that is taken
    permission_denied,   ///< the system or a provider refused us
    unauthenticated,     ///< a key is missing or not accepted
    unavailable,         ///< a provider, program or network that may work later
    deadline_exceeded,   ///< the time for it is over
    resource_exhausted,  ///< a limit of ours, a full disk or a provider's rate limit
    data_loss,           ///< stored data that cannot be read back
    cancelled,           ///< stopped by the user
    internal,            ///< a bug of ours
};

/// One failure, as a value. `message` says what failed and with which input, never a secret.
struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;
    bool retryable = false;
    std::source_location where = std::source_location::current();
    /// How long whoever refused asked us to wait before another attempt.
    std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

template <class T>
using Result = std::expected<T, Error>;

/// A failed Result of any type: `return failure(ErrorCode::not_found, "...")`.
[[nodiscard]] inline std::unexpected<Error> failure(
    ErrorCode code, std::string message,
    std::source_location where = std::source_location::current()) {
    return std::unexpected(Error{code, std::move(message), false, where, std::nullopt});
}

/// The same for what may succeed when tried again.
[[nodiscard]] inline std::unexpected<Error> retryable_failure(
    ErrorCode code, std::string message,
    std::source_location where = std::source_location::current()) {
    return std::unexpected(Error{code, std::move(message), true, where, std::nullopt});
}

/// Stable lower-case name of a code, e.g. "invalid_argument".
[[nodiscard]] const char* to_string(ErrorCode code);

namespace detail {
[[noreturn]] void assertion_failed(const char* condition, const char* why,
                                   const std::source_location& where);
}  // namespace detail

}  // namespace assay

#define ASSAY_CONCAT_INNER(a, b) a##b
#define ASSAY_CONCAT(a, b) ASSAY_CONCAT_INNER(a, b)

#define ASSAY_TRY_IMPL(result, declaration, expression)             \
    auto result = (expression);                                     \
    if (!result) return std::unexpected(std::move(result.error())); \
    declaration = std::move(*result)

/// `ASSAY_TRY(Row row, find_row(id));` declares row, or returns the error to the caller.
#define ASSAY_TRY(declaration, ...) \
    ASSAY_TRY_IMPL(ASSAY_CONCAT(assay_result_, __LINE__), declaration, __VA_ARGS__)

/// `ASSAY_CHECK(write(row));` returns the error of a Result<void> to the caller.
#define ASSAY_CHECK(...)                                                              \
    do {                                                                              \
        auto assay_checked = (__VA_ARGS__);                                           \
        if (!assay_checked) return std::unexpected(std::move(assay_checked.error())); \
    } while (false)

/// States what must hold if our own code is right. Stays on in release builds and aborts; it is
/// never used on input.
#define ASSAY_ASSERT(condition, why)                                                             \
    do {                                                                                         \
        if (!(condition))                                                                        \
            ::assay::detail::assertion_failed(#condition, why, std::source_location::current()); \
    } while (false)
