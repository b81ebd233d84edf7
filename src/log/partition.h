#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/disk.h"
#include "io/world.h"
#include "log/options.h"
#include "stream/log.h"

// One partition's folder, "<log>/<topic>/<number>", without the log around it. docs/formats/log.md
// describes the files.
namespace mr::log {

// Opens a partition for appending, recovering it first; the folder is made when missing. Errors:
// busy (another process writes it, and still does after some seconds), corrupt, unsupported,
// io_failed. A full disk is no error: the partition opens and refuses appends with no_space until
// there is space.
io::Task<Result<std::unique_ptr<stream::Appender>>> open_partition_appender(
    io::World world, io::Path folder, AppenderOptions options);

// Opens a partition for reading; it may not have a writer, or any record, yet.
io::Task<Result<std::unique_ptr<stream::Reader>>> open_partition_reader(io::World world,
                                                                        io::Path folder,
                                                                        ReaderOptions options = {});

// The partitions below a log folder, sorted. A missing folder has none.
io::Task<Result<std::vector<stream::TopicPartition>>> list_partitions(io::World world,
                                                                      io::Path log_folder);

// Positions kept in a folder, one small checksummed file for each name; the folder is made when
// missing.
std::unique_ptr<stream::Checkpoints> open_checkpoints(io::World world, io::Path folder);

// "<log>/<topic>/<number>"
io::Path partition_folder(const io::Path& log_folder, const stream::TopicPartition& which);

// "<partition>/consumers": the notes of registered consumers, one checkpoint file for each.
io::Path consumers_folder(const io::Path& partition_folder);

}  // namespace mr::log
