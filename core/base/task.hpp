#pragma once

#include <boost/asio/awaitable.hpp>

#include "core/base/error.hpp"

namespace assay {

/// A coroutine that ends in a value or an error. Parameters are taken by value unless the caller
/// awaits at once.
template <class T>
using Task = boost::asio::awaitable<Result<T>>;

}  // namespace assay

#define ASSAY_CO_TRY_IMPL(result, declaration, expression)             \
    auto result = (expression);                                        \
    if (!result) co_return std::unexpected(std::move(result.error())); \
    declaration = std::move(*result)

/// ASSAY_TRY for coroutines: `ASSAY_CO_TRY(Reply reply, co_await send(request, deadline));`
#define ASSAY_CO_TRY(declaration, ...) \
    ASSAY_CO_TRY_IMPL(ASSAY_CONCAT(assay_result_, __LINE__), declaration, __VA_ARGS__)

/// ASSAY_CHECK for coroutines.
#define ASSAY_CO_CHECK(...)                                                              \
    do {                                                                                 \
        auto assay_checked = (__VA_ARGS__);                                              \
        if (!assay_checked) co_return std::unexpected(std::move(assay_checked.error())); \
    } while (false)
