-- The tables that gammu-smsd 1.42 reads and writes (schema 17), as its manual gammu-smsd-tables(7) lists them.
CREATE TABLE gammu ("Version" smallint PRIMARY KEY);
INSERT INTO gammu VALUES (17);
CREATE TABLE phones (
    "ID" text NOT NULL, "UpdatedInDB" timestamp(0) DEFAULT localtimestamp, "InsertIntoDB" timestamp(0) DEFAULT localtimestamp,
    "TimeOut" timestamp(0) DEFAULT localtimestamp, "Send" boolean DEFAULT false, "Receive" boolean DEFAULT false,
    "IMEI" varchar(35) PRIMARY KEY, "IMSI" varchar(35), "NetCode" varchar(10), "NetName" varchar(35), "Client" text,
    "Battery" integer DEFAULT -1, "Signal" integer DEFAULT -1, "Sent" integer DEFAULT 0, "Received" integer DEFAULT 0
);
CREATE TABLE inbox (
    "UpdatedInDB" timestamp(0) DEFAULT localtimestamp, "ReceivingDateTime" timestamp(0) DEFAULT localtimestamp,
    "Text" text, "SenderNumber" varchar(20) NOT NULL DEFAULT '', "Coding" varchar(255), "UDH" text NOT NULL,
    "SMSCNumber" varchar(20) DEFAULT '', "Class" integer DEFAULT -1, "TextDecoded" text NOT NULL DEFAULT '',
    "ID" serial PRIMARY KEY, "RecipientID" text NOT NULL, "Processed" boolean NOT NULL DEFAULT false,
    "Status" integer DEFAULT -1
);
CREATE TABLE outbox (
    "UpdatedInDB" timestamp(0) DEFAULT localtimestamp, "InsertIntoDB" timestamp(0) DEFAULT localtimestamp,
    "SendingDateTime" timestamp DEFAULT localtimestamp(0), "SendBefore" time DEFAULT '23:59:59',
    "SendAfter" time DEFAULT '00:00:00', "Text" text, "DestinationNumber" varchar(20) NOT NULL DEFAULT '',
    "Coding" varchar(255) NOT NULL DEFAULT 'Default_No_Compression', "UDH" text, "Class" integer DEFAULT -1,
    "TextDecoded" text NOT NULL DEFAULT '', "ID" serial PRIMARY KEY, "MultiPart" boolean NOT NULL DEFAULT false,
    "RelativeValidity" integer DEFAULT -1, "SenderID" varchar(255), "SendingTimeOut" timestamp(0) DEFAULT localtimestamp,
    "DeliveryReport" varchar(10) DEFAULT 'default' CHECK ("DeliveryReport" IN ('default', 'yes', 'no')),
    "CreatorID" text NOT NULL, "Retries" integer DEFAULT 0, "Priority" integer DEFAULT 0,
    "Status" varchar(255) NOT NULL DEFAULT 'Reserved', "StatusCode" integer NOT NULL DEFAULT -1,
    CHECK ("Coding" IN ('Default_No_Compression', 'Unicode_No_Compression', '8bit'))
);
CREATE TABLE outbox_multipart (
    "Text" text, "Coding" varchar(255) NOT NULL DEFAULT 'Default_No_Compression', "UDH" text, "Class" integer DEFAULT -1,
    "TextDecoded" text, "ID" integer NOT NULL, "SequencePosition" integer NOT NULL DEFAULT 1,
    "Status" varchar(255) NOT NULL DEFAULT 'Reserved', "StatusCode" integer NOT NULL DEFAULT -1,
    PRIMARY KEY ("ID", "SequencePosition")
);
CREATE TABLE sentitems (
    "UpdatedInDB" timestamp(0) DEFAULT localtimestamp, "InsertIntoDB" timestamp(0) DEFAULT localtimestamp,
    "SendingDateTime" timestamp(0) DEFAULT localtimestamp, "DeliveryDateTime" timestamp(0), "Text" text,
    "DestinationNumber" varchar(20) DEFAULT '', "Coding" varchar(255), "UDH" text, "SMSCNumber" varchar(20) DEFAULT '',
    "Class" integer DEFAULT -1, "TextDecoded" text DEFAULT '', "ID" integer NOT NULL, "SenderID" varchar(255),
    "SequencePosition" integer NOT NULL DEFAULT 1, "Status" varchar(255) DEFAULT 'SendingOK',
    "StatusError" integer DEFAULT -1, "TPMR" integer DEFAULT -1, "RelativeValidity" integer DEFAULT -1,
    "CreatorID" text NOT NULL, "StatusCode" integer DEFAULT -1, PRIMARY KEY ("ID", "SequencePosition")
);
