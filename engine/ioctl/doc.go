// SPDX-License-Identifier: GPL-2.0-or-later

// Package ioctl is the archive interface of scoutfs: the 25 requests of its
// kernel module, and FIEMAP, as typed Go calls that any carrier can take to
// any volume.
//
// # Asking
//
// [Target] is what an archive agent talks to: requests about the whole
// volume are its methods, requests about one file are methods of the [File]
// that it opens. The comments there say how each request is resumed and how
// it fails. [OpenMount] gives the Target of a mounted volume; a volume that
// is opened straight on its devices is another.
//
// # Carrying
//
// A request such as [WalkInodes] is a plain value. Encode turns it into a
// [Call]: the bytes of the argument structure and of what its pointers point
// to, but no pointers. A [Doer] takes the Call to a file system, by ioctl(2)
// or through a socket, and brings back a [Reply], which the request's
// DecodeReply turns into its result. [VolumeClient] and [FileClient] make
// any Doer a Volume and most of a File.
//
// # Answering
//
// [Server] is the Doer at the other end. It decodes a Call, asks a Volume or
// a File, and encodes the Reply. [Server.Serve] does so for a task that
// called ioctl(2) on a file system in userspace, whose memory holds the
// argument and the buffers.
//
// # Bytes
//
// Structures, offsets and sizes are those of upstream's kmod/src/ioctl.h;
// integers are little-endian, as on all machines that scoutfs runs on.
// Decoders take any bytes: they never panic, and allocate no more than a
// small multiple of what they were given, or of [MaxBatch] and [MaxBytes].
// Decoded requests may alias the Call's bytes, never those of a Reply.
//
// Values are safe for concurrent use as long as nobody writes to them, and so
// is everything made here that has methods with a context.
package ioctl
