// What is taken from somewhere and goes back by itself.
#pragma once

#include <utility>

namespace baton {

// Calls owner.leave(key) once, at the end of its life; move-only. The owner must outlive it.
template <class Owner, class Key>
class Lease {
 public:
  Lease(Owner& owner, Key key) : owner_(&owner), key_(std::move(key)) {}
  Lease(Lease&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), key_(std::move(other.key_)) {}
  Lease& operator=(Lease&& other) noexcept {
    Lease before(std::move(*this));
    owner_ = std::exchange(other.owner_, nullptr);
    key_ = std::move(other.key_);
    return *this;
  }
  ~Lease() {
    if (owner_ != nullptr) owner_->leave(key_);
  }

 private:
  Owner* owner_;
  Key key_;
};

}  // namespace baton
