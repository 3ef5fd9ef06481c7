// SPDX-License-Identifier: GPL-2.0-or-later

// Package config finds the values of options that are not on the command
// line. In falling precedence:
//
//	the command line                   --max-meta-size 10G
//	the environment of one command     SCOUTFS_MKFS_MAX_META_SIZE=10G
//	the environment of all commands    SCOUTFS_OUTPUT=json
//	the file's section of the command  mkfs: {max-meta-size: 10G}
//	the file's values of all commands  output: json
//
// Only the options that every command has can be set for all commands, and
// --path, by SCOUTFS_MOUNT_PATH as upstream documents it. An option that can
// be given more than once is a list in the file, and words with blanks
// between them in the environment. Options that make a command dangerous can
// only be given on the command line; anywhere else they are an error, as is
// a key of the file that stands for nothing.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

const (
	// DefaultFile is read if it exists and no other file is named.
	DefaultFile = "/etc/scoutfs/scoutfs.yaml"

	// FileFlag is the option that names another file.
	FileFlag = "config"

	// CommandLineOnly is the annotation of flags that only the command line
	// can set.
	CommandLineOnly = "scoutfs_command_line_only"
)

// Source tells Load where to look.
type Source struct {
	Root    *cobra.Command // whose persistent flags are those of every command
	File    string         // named on the command line; empty if none is
	Default string         // read if no file is named and it exists; empty for none

	LookupEnv func(name string) (value string, found bool)
}

// Config is what environment and file say. It does not change after Load.
type Config struct {
	root   *cobra.Command
	lookup func(string) (string, bool)
	file   string // that was read; empty if there is none
	viper  *viper.Viper
}

// Error is a value or key that cannot be used. errors.Is(err,
// syscall.EINVAL) is true.
type Error struct {
	Origin  Origin
	Problem string
}

// Error names the place and the problem.
func (e *Error) Error() string { return e.Origin.Place() + ": " + e.Problem }

// Unwrap returns the error number.
func (e *Error) Unwrap() error { return syscall.EINVAL }

// Load reads the file and checks its keys.
func Load(source Source) (*Config, error) {
	c := &Config{root: source.Root, lookup: source.LookupEnv, viper: viper.New()}
	file, required := source.File, true
	if file == "" {
		file, _ = c.lookup(variable(FileFlag))
	}
	if file == "" {
		file, required = source.Default, false
	}
	if file == "" {
		return c, nil
	}
	c.viper.SetConfigFile(file)
	c.viper.SetConfigType("yaml")
	err := c.viper.ReadInConfig()
	if !required && errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	c.file = file
	if err != nil {
		return nil, c.readError(err)
	}
	return c, c.checkKeys()
}

func (c *Config) readError(err error) error {
	if syntax, ok := errors.AsType[viper.ConfigParseError](err); ok {
		return &Error{Origin{Layer: File, Name: c.file}, syntax.Unwrap().Error()}
	}
	return fmt.Errorf("failed to read the configuration: %w", err)
}

// File returns the file that was read, or "".
func (c *Config) File() string { return c.file }

// checkKeys finds keys of the file that stand for nothing.
func (c *Config) checkKeys() error {
	keys := c.viper.AllKeys()
	slices.Sort(keys)
	for _, key := range keys {
		origin := Origin{Layer: File, Name: c.file, Key: key}
		flag := c.flagOf(key)
		switch {
		case flag == nil:
			return &Error{origin, fmt.Sprintf("unknown key '%s'", key)}
		case commandLineOnly(flag):
			return &Error{origin, fmt.Sprintf("'%s' can only be given on the command line", key)}
		}
	}
	return nil
}

// flagOf returns the flag that a key of the file stands for, or nil.
func (c *Config) flagOf(key string) *pflag.Flag {
	words := strings.Split(key, ".")
	cmd := c.root
	for _, word := range words[:len(words)-1] {
		i := slices.IndexFunc(cmd.Commands(), func(sub *cobra.Command) bool { return sub.Name() == word })
		if i < 0 {
			return nil
		}
		cmd = cmd.Commands()[i]
	}
	flag := cmd.Flag(words[len(words)-1])
	if flag == nil || ignored(flag) {
		return nil
	}
	return flag
}

// ignored reports whether a flag is none of the business of this package:
// --help and --usage do not set anything, and --config names the file.
func ignored(flag *pflag.Flag) bool {
	return flag.Name == "help" || flag.Name == "usage" || flag.Name == FileFlag
}

// Configurable reports whether environment and file can set a flag.
func Configurable(flag *pflag.Flag) bool { return !ignored(flag) && !commandLineOnly(flag) }

func commandLineOnly(flag *pflag.Flag) bool {
	return flag.Name == "force" || flag.Name == "yes" || strings.HasPrefix(flag.Name, "allow-") ||
		slices.Contains(flag.Annotations[CommandLineOnly], "true")
}
