// SPDX-License-Identifier: GPL-2.0-or-later

// Package extract copies files out of a volume into a folder, with all that
// the folder's file system can keep of them: holes, hard links, owners,
// permissions, ACLs, extended attributes and times.
//
// # Interruption
//
// A file gets its name only when it is whole and on stable storage: it is
// written under another name in a folder ".scoutfs-extract" inside the
// target, and files are given their names many at a time, after one call
// that writes the file system's memory to disk. An extraction that was
// stopped at any point, by a signal, a crash or a power failure, goes on when
// it is started again, and ends with the same result as one that was not: a
// file whose size and mtime are those in the volume is complete. The folder
// ".scoutfs-extract" vanishes at the end. It also holds a lock, so that two
// extractions into one target do not meet.
//
// # Safety
//
// Nothing is written outside the target. Every directory is opened from the
// one above it without following symbolic links, whoever made them, and
// without crossing into another mount; names that are no names ("..", or
// with a slash) are refused. Existing files are left alone unless they are to
// be overwritten, and directories are never replaced.
//
// # What goes wrong
//
// What cannot be read of the volume, or written to the target, is told with
// its path, and everything else is extracted. What ends an extraction early
// is a target that is full or read-only. Files with parts that are offline
// are written with holes there and told; see [Event].
//
// # Bounds
//
// One file descriptor for each level of directories, a few for each job, and
// one MiB for each job and a few more. A bitmap holds the inode numbers of
// directories that were made, another those of directories that were walked.
package extract
