#include "demos/cluster/reader.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <utility>

#include "myelin/kernel.capnp.h"

namespace myelin::reading {

namespace {

constexpr std::chrono::seconds kLimit{10};

/// All readers of a process share the images. **Errors**: throws std::invalid_argument.
class Images {
 public:
  std::shared_ptr<const digits::Samples> in(const std::string& file) {
    const std::lock_guard guard{mutex_};
    std::shared_ptr<const digits::Samples>& kept = files_[file];
    if (kept == nullptr) {
      auto read = digits::read_samples(file);
      if (!read) throw std::invalid_argument{fmt::format("images: {}", read.error().message)};
      kept = std::make_shared<const digits::Samples>(digits::split(*read).held_out);
    }
    return kept;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const digits::Samples>> files_;
};

}  // namespace

Task<schema::ReadDone> Reader::read(Held<schema::Read> question) {
  if (question->getImage() >= images_->size()) {
    co_return myelin::fail(Errc::invalid_argument,
                           fmt::format("image {}; there are {}", question->getImage(), images_->size()));
  }
  if (!kernel_) {
    auto found = co_await ask(directory_.find(kernel_name_), kLimit);
    if (!found) co_return tl::unexpected{std::move(found).error()};
    kernel_ = *std::move(found);
  }
  const std::span<const float> pixels = images_->image(question->getImage());
  const Frame image = make_frame<myelin::schema::InferRequest>([&](myelin::schema::InferRequest::Builder request) {
    auto inputs = request.initInputs(static_cast<unsigned>(pixels.size()));
    for (unsigned i = 0; i < pixels.size(); ++i) inputs.set(i, pixels[i]);
  });
  const auto answer = co_await ask<myelin::schema::InferAnswer>(kernel_, image, kLimit);
  if (!answer) co_return tl::unexpected{answer.error()};
  const std::uint32_t digit = (*answer)->getClassIndex();
  const std::uint64_t request = question->getRequest();
  co_return [=](schema::ReadDone::Builder done) {
    done.setRequest(request);
    done.setDigit(digit);
  };
}

namespace {

/// **Errors**: throws std::invalid_argument, which names the setting.
Held<schema::ReaderSettings> settings_of(const plugin::AgentSettings& settings) {
  auto read = settings.require<schema::ReaderSettings>();
  if (read->getImages().size() == 0) {
    throw std::invalid_argument{"images: name the file of handwritten digits, as {\"images\": \"digits.csv.gz\", ...}"};
  }
  if (read->getKernel().size() == 0) {
    throw std::invalid_argument{"kernel: name the agent of type 'inference' that knows digits"};
  }
  return read;
}

}  // namespace

plugin::AgentType reader_type() {
  plugin::AgentType type;
  type.name = "digit-reader";
  type.agent_class = &agent_class<Reader>();
  type.takes_settings = true;
  const auto images = std::make_shared<Images>();
  type.make = [images](const plugin::AgentSettings& settings) {
    const auto read = settings_of(settings);
    return std::make_unique<Reader>(settings.lent<cluster::Directory>("directory"), images->in(read->getImages()),
                                    read->getKernel());
  };
  type.start = [images](Mesh& mesh, const plugin::AgentSettings& settings, const SpawnOptions& options) {
    const auto read = settings_of(settings);
    return mesh.spawn_with<Reader>(options, settings.lent<cluster::Directory>("directory"),
                                   images->in(read->getImages()), read->getKernel());
  };
  return type;
}

}  // namespace myelin::reading
