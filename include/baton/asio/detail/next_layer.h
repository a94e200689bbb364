// Holds a stream's next layer, by value or as a reference.
#pragma once

#include <optional>
#include <utility>

#include "baton/asio/asio_namespace.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

template <class Layer>
class next_layer {
 public:
  template <class Argument>
  explicit next_layer(Argument&& argument) : layer_(std::in_place, std::forward<Argument>(argument)) {}

  // Whether it is still there.
  explicit operator bool() const { return layer_.has_value(); }
  Layer& operator*() { return *layer_; }
  // Ends what is in flight on it.
  void destroy() { layer_.reset(); }

 private:
  std::optional<Layer> layer_;
};

template <class Layer>
class next_layer<Layer&> {
 public:
  explicit next_layer(Layer& layer) : layer_(&layer) {}

  explicit operator bool() const { return layer_ != nullptr; }
  Layer& operator*() { return *layer_; }
  void destroy() { layer_ = nullptr; }

 private:
  Layer* layer_;
};

// The lowest layer: the next layer's own, where it has one; otherwise the next layer.
template <class Layer>
auto& lowest_of(Layer& layer) {
  if constexpr (requires { layer.lowest_layer(); }) {
    return layer.lowest_layer();
  } else if constexpr (requires { layer.next_layer(); }) {
    return lowest_of(layer.next_layer());
  } else {
    return layer;
  }
}

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
