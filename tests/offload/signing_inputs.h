// Inputs of TLS signatures, right ones and wrong ones.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace baton::offload::test {

inline constexpr std::string_view kServerContext = "TLS 1.3, server CertificateVerify";
inline constexpr std::string_view kClientContext = "TLS 1.3, client CertificateVerify";

inline Bytes certificate_verify(std::string_view context, std::size_t hash_size) {
  Bytes input(64, ' ');
  append(input, as_bytes(context));
  input.push_back(0);
  for (std::size_t i = 0; i < hash_size; ++i) input.push_back(static_cast<std::uint8_t>(i * 3));
  return input;
}

// A point of `said` bytes by its length, and of `size` in truth.
inline Bytes server_key_exchange(std::uint16_t curve, std::size_t size, std::size_t said,
                                 std::uint8_t curve_type = 3, std::uint8_t first = 4) {
  Bytes input(64, 0x5a);
  ByteWriter writer(input);
  writer.u8(curve_type);
  writer.u16(curve);
  writer.u8(static_cast<std::uint8_t>(said));
  for (std::size_t i = 0; i < size; ++i) input.push_back(i == 0 ? first : static_cast<std::uint8_t>(i));
  return input;
}
inline Bytes server_key_exchange(std::uint16_t curve, std::size_t size) {
  return server_key_exchange(curve, size, size);
}

}  // namespace baton::offload::test
