#include "myelin/validator/backup.hpp"

#include <utility>

#include "agents/copy_reading.hpp"
#include "agents/members.hpp"
#include "storage/backup_file.hpp"
#include "storage/whole_file.hpp"

namespace myelin::validator {

Result<std::shared_ptr<Directory>> find_copies(network::Node& node, const CommitteeFile& committee) {
  return find_members(node, committee, kCopiesName);
}

Result<BackupMade> back_up(Mesh& mesh, const AgentRef& copies, const std::filesystem::path& file,
                           const BackupOptions& options) {
  auto backup = WholeFile::create(file, "a backup");
  if (!backup) return tl::unexpected{backup.error()};
  const CopyWanted wanted{.commit_min = options.commit_min, .patience = options.patience, .stop = options.stop};
  const auto read = read_copy(mesh, copies, wanted, [&](std::span<const std::byte> piece, std::uint64_t offset) {
    return backup->write(piece, offset);
  });
  if (!read) return tl::unexpected{read.error()};
  if (auto good = check_seal(backup->file(), backup->partial()); !good) return tl::unexpected{good.error()};
  if (auto kept = backup->keep(); !kept) return tl::unexpected{kept.error()};
  return BackupMade{read->bytes, read->commit};
}

}  // namespace myelin::validator
