// SPDX-License-Identifier: GPL-2.0-or-later

package problem

// Extended attributes, totals, indexes and quotas.
const (
	XattrPartMissing    Number = 801
	XattrPartSize       Number = 802
	XattrHead           Number = 803
	XattrHash           Number = 804
	XattrDuplicate      Number = 805
	XattrName           Number = 806
	XattrTagValue       Number = 807
	ACLInvalid          Number = 808
	XattrPartExtra      Number = 809
	MetaSeqIndexMissing Number = 820
	MetaSeqIndexStale   Number = 821
	DataSeqIndexMissing Number = 822
	DataSeqIndexStale   Number = 823
	TotalWrong          Number = 830
	TotalMissing        Number = 831
	TotalStale          Number = 832
	IndexEntryMissing   Number = 840
	IndexEntryStale     Number = 841
	QuotaRule           Number = 850
	QuotaRuleHash       Number = 851
	QuotaRuleTwice      Number = 852
	FormatFeature       Number = 853
)

func attributesProblems() []Problem {
	return []Problem{
		{
			Number: XattrPartMissing, Name: "XATTR_PART_MISSING", Severity: Error, Repair: Asked,
			Title: "A part of an extended attribute is missing.",
			Means: "Reading the attribute fails with an I/O error, and removing it leaves parts behind. The rest of its value is there.",
		},
		{
			Number: XattrPartSize, Name: "XATTR_PART_SIZE", Severity: Error, Repair: Asked,
			Title: "A part of an extended attribute has a wrong length.",
			Means: "Reading the attribute fails with an I/O error, or gives a wrong value.",
		},
		{
			Number: XattrHead, Name: "XATTR_HEAD", Severity: Error, Repair: Asked,
			Title: "An extended attribute describes itself wrongly.",
			Means: "The lengths of name and value contradict what is stored, so neither can be trusted.",
		},
		{
			Number: XattrHash, Name: "XATTR_HASH", Severity: Error, Repair: Automatic,
			Title: "An extended attribute is filed under a wrong hash.",
			Means: "The attribute is listed and cannot be read, as it is looked for under another hash. The right hash follows from the name.",
		},
		{
			Number: XattrDuplicate, Name: "XATTR_DUPLICATE", Severity: Error, Repair: Asked,
			Title: "An inode has two extended attributes of one name.",
			Means: "Only the first of the two is read, and removing it brings the other one up. Which one is right has to be decided by their values.",
		},
		{
			Number: XattrName, Name: "XATTR_NAME", Severity: Error, Repair: Asked,
			Title: "An extended attribute has a name that none can have.",
			Means: "No program can ask for the attribute by such a name. It is listed, and copying programs fail at it.",
		},
		{
			Number: XattrTagValue, Name: "XATTR_TAG_VALUE", Severity: Error, Repair: Asked,
			Title: "An extended attribute has a value that its tags do not allow.",
			Means: "The kernel module refuses such values when they are set, and fails when it has to take the attribute out of a total or an index.",
		},
		{
			Number: ACLInvalid, Name: "ACL_INVALID", Severity: Error, Repair: Asked,
			Title: "An access control list is invalid.",
			Means: "Access to the inode fails with an error, or is decided by the mode alone. Set the list anew.",
		},
		{
			Number: XattrPartExtra, Name: "XATTR_PART_EXTRA", Severity: Error, Repair: Asked,
			Title: "An extended attribute has more parts than it needs.",
			Means: "The attribute reads as its head says. What follows is never used and stays when the attribute is removed.",
		},
		{
			Number: MetaSeqIndexMissing, Name: "META_SEQ_INDEX_MISSING", Severity: Error, Repair: Automatic,
			Title: "An inode is not in the index of changes.",
			Means: "Archive software that walks the changes does not see this inode, so a change may never be archived. The entry follows from the " +
				"inode.",
		},
		{
			Number: MetaSeqIndexStale, Name: "META_SEQ_INDEX_STALE", Severity: Error, Repair: Automatic,
			Title: "The index of changes has an entry that no inode has.",
			Means: "Archive software that walks the changes gets a number that is no inode, or an inode at a place where it is not any more. The entry " +
				"can be taken away.",
		},
		{
			Number: DataSeqIndexMissing, Name: "DATA_SEQ_INDEX_MISSING", Severity: Error, Repair: Automatic,
			Title: "A file is not in the index of changes of data.",
			Means: "Archive software that walks the changes of data does not see this file, so it may never be archived. The entry follows from the " +
				"inode.",
		},
		{
			Number: DataSeqIndexStale, Name: "DATA_SEQ_INDEX_STALE", Severity: Error, Repair: Automatic,
			Title: "The index of changes of data has an entry that no file has.",
			Means: "Archive software that walks the changes of data gets a number that is no file, or a file at a place where it is not any more. The " +
				"entry can be taken away.",
		},
		{
			Number: TotalWrong, Name: "TOTAL_WRONG", Severity: Error, Repair: Automatic,
			Title: "A total is not the sum of its attributes.",
			Means: "Quotas and reports that use the total are wrong by the difference, and stay so. The total follows from the attributes.",
		},
		{
			Number: TotalMissing, Name: "TOTAL_MISSING", Severity: Error, Repair: Automatic,
			Title: "Attributes are in no total.",
			Means: "Quotas and reports do not see these attributes at all. The total follows from the attributes.",
		},
		{
			Number: TotalStale, Name: "TOTAL_STALE", Severity: Error, Repair: Automatic,
			Title: "A total has no attributes.",
			Means: "Quotas and reports count what does not exist. The total can be taken away.",
		},
		{
			Number: IndexEntryMissing, Name: "INDEX_ENTRY_MISSING", Severity: Error, Repair: Automatic,
			Title: "An indexed attribute is not in the index.",
			Means: "Programs that read the index do not find this inode. The entry follows from the attribute.",
		},
		{
			Number: IndexEntryStale, Name: "INDEX_ENTRY_STALE", Severity: Error, Repair: Automatic,
			Title: "The index of attributes has an entry that no attribute has.",
			Means: "Programs that read the index get an inode that does not have the attribute. The entry can be taken away.",
		},
		{
			Number: QuotaRule, Name: "QUOTA_RULE", Severity: Error, Repair: Asked,
			Title: "A quota rule is invalid.",
			Means: "The kernel module refuses to load the rules, or this one is not enforced. Delete it and add it again.",
		},
		{
			Number: QuotaRuleHash, Name: "QUOTA_RULE_HASH", Severity: Error, Repair: Automatic,
			Title: "A quota rule is filed under a wrong hash.",
			Means: "The rule is enforced, and cannot be deleted, as it is looked for under another hash. The right hash follows from the rule.",
		},
		{
			Number: QuotaRuleTwice, Name: "QUOTA_RULE_TWICE", Severity: Warning, Repair: Automatic,
			Title: "A quota rule exists twice.",
			Means: "The rule is enforced once. Deleting it leaves the other copy behind.",
		},
		{
			Number: FormatFeature, Name: "FORMAT_FEATURE", Severity: Error, Repair: Asked,
			Title: "Something exists that the volume's format version does not have.",
			Means: "Kernel modules of this format ignore it or fail at it. Either the format version of the volume is damaged, or a program has " +
				"written what it must not.",
		},
	}
}
