#pragma once

#include <string_view>

#include "judges/calls/caller.hpp"

namespace assay {

/// A model to ask: whom, and by which name.
struct ModelTarget {
    CallTarget call;
    std::string model;    ///< as the provider knows it
    bool embeds = false;  ///< whether the provider answers requests with `texts`
};

/// What "provider:model" stands for in the spec at hand. Declared here for evaluators that ask
/// models; the engine's binder implements it.
class ModelDirectory {
  public:
    virtual ~ModelDirectory() = default;
    /// @param name  "openai:gpt-4.1", or with a name under `providers:`. The target's lane is a
    ///              judge's: tasks never wait for it.
    /// @error invalid_argument: no such provider or no address; unauthenticated: something is
    ///        missing for a call, such as a key; with the remedy.
    [[nodiscard]] virtual Result<ModelTarget> find(std::string_view name) = 0;
};

}  // namespace assay
