#include "myelin/actors/network_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <vector>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "myelin/network.capnp.h"
#include "myelin/serialization/guard.hpp"

namespace myelin {

namespace {

/// The bytes before the message. Little-endian.
struct Header {
  std::uint32_t magic;
  std::uint32_t version;
  std::uint64_t message_bytes;
  std::uint32_t crc32;  ///< Of the message's bytes; polynomial of zlib.
  std::uint32_t reserved;
};
static_assert(sizeof(Header) == 24);

constexpr std::uint32_t kMagic = 0x4e4e594d;  // "MYNN"
constexpr std::uint32_t kVersion = 1;
/// Parameters and what is around them; from kernels::NetworkLimits.
constexpr std::uint64_t kMessageBytesMax = kernels::NetworkLimits::kParametersMax * sizeof(float) + (1 << 20);

std::uint32_t checksum(const void* data, std::size_t bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, static_cast<const unsigned char*>(data), bytes));
}

/// A file that removes itself unless it is kept: nothing half-written stays behind.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& beside) : path_{beside.string() + ".XXXXXX"} {
    descriptor_ = ::mkostemp(path_.data(), O_CLOEXEC);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (!kept_) ::unlink(path_.c_str());
  }

  /// Each returns false and leaves errno when the system refused.
  [[nodiscard]] bool opened() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] bool write(const void* data, std::size_t bytes) noexcept {
    const auto* at = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t written = ::write(descriptor_, at, bytes);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      at += written;
      bytes -= static_cast<std::size_t>(written);
    }
    return true;
  }
  [[nodiscard]] bool keep_as(const std::filesystem::path& path) noexcept {
    if (::fchmod(descriptor_, 0644) != 0 || ::fsync(descriptor_) != 0) return false;
    if (::rename(path_.c_str(), path.c_str()) != 0) return false;
    return kept_ = true;
  }

 private:
  std::string path_;
  int descriptor_;
  bool kept_ = false;
};

std::vector<float> values_of(capnp::List<float>::Reader list) {
  std::vector<float> values;
  values.reserve(list.size());
  for (const float value : list) values.push_back(value);
  return values;
}

Error cannot(const char* what, const std::filesystem::path& path) {
  return {Errc::io_error, fmt::format("cannot {} '{}': {}", what, path.string(), std::strerror(errno))};
}

tl::unexpected<Error> corrupt(const std::filesystem::path& path, const std::string& why) {
  return fail(Errc::corrupt_file, fmt::format("'{}' is not a sound network file: {}. Train the network again, or give "
                                              "another file",
                                              path.string(), why));
}

}  // namespace

Result<void> save_network(const kernels::Network& network, const std::filesystem::path& path) {
  capnp::MallocMessageBuilder message;
  auto layers = message.initRoot<schema::NetworkFile>().initLayers(static_cast<unsigned>(network.layers().size()));
  for (unsigned index = 0; index < layers.size(); ++index) {
    const kernels::LayerParameters& from = network.layers()[index];
    auto to = layers[index];
    to.setInputs(static_cast<std::uint32_t>(from.inputs));
    to.setOutputs(static_cast<std::uint32_t>(from.outputs));
    to.setActivation(from.activation == kernels::Activation::relu ? schema::NetworkFile::Activation::RELU
                                                                  : schema::NetworkFile::Activation::NONE);
    to.setWeights(kj::arrayPtr(from.weights.data(), from.weights.size()));
    to.setBias(kj::arrayPtr(from.bias.data(), from.bias.size()));
  }
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(message);
  const auto bytes = words.asBytes();
  const Header header{kMagic, kVersion, bytes.size(), checksum(bytes.begin(), bytes.size()), 0};

  TemporaryFile file{path};
  if (!file.opened()) return tl::unexpected{cannot("create a file beside", path)};
  if (!file.write(&header, sizeof header) || !file.write(bytes.begin(), bytes.size()) || !file.keep_as(path)) {
    return tl::unexpected{cannot("write", path)};
  }
  return {};
}

Result<kernels::Network> load_network(const std::filesystem::path& path) {
  std::error_code status;
  if (!std::filesystem::exists(path, status)) {
    return fail(Errc::not_found, fmt::format("there is no network file '{}'", path.string()));
  }
  std::ifstream file{path, std::ios::binary};
  Header header{};
  if (!file) return tl::unexpected{cannot("read", path)};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) {
    return corrupt(path, fmt::format("{} bytes are too few for its header", file.gcount()));
  }
  if (header.magic != kMagic) return corrupt(path, "it does not start with the mark 'MYNN'");
  if (header.version != kVersion) {
    return fail(Errc::unsupported_version, fmt::format("'{}' has network file format {}; this build reads {}",
                                                       path.string(), header.version, kVersion));
  }
  const std::uintmax_t file_bytes = std::filesystem::file_size(path, status);
  if (status || header.message_bytes > kMessageBytesMax || header.message_bytes != file_bytes - sizeof header ||
      header.message_bytes % sizeof(capnp::word) != 0) {
    return corrupt(path, fmt::format("its header says {} bytes follow, but {} do", header.message_bytes,
                                     status ? 0 : file_bytes - sizeof header));
  }
  std::vector<std::uint64_t> words(header.message_bytes / sizeof(capnp::word));
  if (!file.read(reinterpret_cast<char*>(words.data()), static_cast<std::streamsize>(header.message_bytes))) {
    return corrupt(path, "it ends early");
  }
  if (checksum(words.data(), header.message_bytes) != header.crc32) return corrupt(path, "its checksum does not match");

  std::vector<kernels::LayerParameters> layers;
  const Result<void> read = guarded([&] {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = words.size() + 1024;
    capnp::FlatArrayMessageReader message{
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(words.data()), words.size()), options};
    const auto file_layers = message.getRoot<schema::NetworkFile>().getLayers();
    KJ_REQUIRE(file_layers.size() <= kernels::NetworkLimits::kLayersMax, "it has too many layers", file_layers.size());
    for (const auto from : file_layers) {
      kernels::LayerParameters& to = layers.emplace_back();
      to.inputs = from.getInputs();
      to.outputs = from.getOutputs();
      to.activation = from.getActivation() == schema::NetworkFile::Activation::RELU ? kernels::Activation::relu
                                                                                    : kernels::Activation::none;
      to.weights = values_of(from.getWeights());
      to.bias = values_of(from.getBias());
    }
  });
  if (!read) return corrupt(path, read.error().message);
  Result<kernels::Network> network = kernels::Network::from_parameters(std::move(layers));
  if (!network) return corrupt(path, network.error().message);
  return network;
}

}  // namespace myelin
