// SPDX-License-Identifier: GPL-2.0-or-later

// Package config finds the values of options that are not on the command
// line: in the environment, and in a file.
package config

// DefaultFile is read if it exists and no other file is named.
const DefaultFile = "/etc/scoutfs/scoutfs.yaml"

// CommandLineOnly is the annotation of flags that only the command line can
// set.
const CommandLineOnly = "scoutfs_command_line_only"

// Config is what environment and file say.
type Config struct{}
