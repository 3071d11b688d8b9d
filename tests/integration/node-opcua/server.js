// A secured node-opcua server with a machine below Machines and a device below DeviceSet, both of
// the published nodesets; node server.js PORT FOLDER CLIENT_CERTIFICATE

const fs = require("node:fs");
const path = require("node:path");
const { OPCUAServer } = require("node-opcua-server");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { nodesets } = require("node-opcua-nodesets");
const { MessageSecurityMode, SecurityPolicy } = require("node-opcua-secure-channel");
const { DataType, Variant } = require("node-opcua-variant");

const [port, folder, client] = process.argv.slice(2);
const APPLICATION = "urn:isthmus:test:node-opcua";

const text = (value) => new Variant({ dataType: DataType.String, value });
const localized = (value) => new Variant({ dataType: DataType.LocalizedText, value: { text: value } });

async function certificates() {
  const manager = new OPCUACertificateManager({
    rootFolder: path.join(folder, "pki"),
    automaticallyAcceptUnknownCertificate: false,
  });
  await manager.initialize();
  const pem = fs.readFileSync(client, "utf8").replace(/-----[^-]+-----|\s/g, "");
  await manager.trustCertificate(Buffer.from(pem, "base64"));
  return manager;
}

function nameplate(namespace, device, di, values) {
  for (const [name, value] of Object.entries(values)) {
    namespace.addVariable({
      propertyOf: device,
      browseName: { name, namespaceIndex: di },
      dataType: value.dataType,
      value,
    });
  }
}

function build(space) {
  const own = space.getOwnNamespace();
  const di = space.getNamespaceIndex("http://opcfoundation.org/UA/DI/");
  const machinery = space.getNamespaceIndex("http://opcfoundation.org/UA/Machinery/");
  const pump = own.addObject({
    componentOf: space.rootFolder.objects.getFolderElementByName("DeviceSet"),
    browseName: "Pump",
  });
  nameplate(own, pump, di, {
    Manufacturer: localized("Grundfos"),
    Model: localized("CR 10"),
    SerialNumber: text("P-4711"),
    SoftwareRevision: text("1.4"),
  });
  let temperature = 20;
  own.addVariable({
    componentOf: pump,
    browseName: "Temperature",
    nodeId: "s=Pump.Temperature",
    dataType: DataType.Double,
    value: { get: () => new Variant({ dataType: DataType.Double, value: (temperature += 0.5) }) },
  });
  for (let number = 0; number < 150; number += 1) {
    // more than one answer holds: the rest comes by continuation points
    own.addObject({
      componentOf: space.rootFolder.objects.getFolderElementByName("DeviceSet"),
      browseName: `Spare${number}`,
    });
  }
  const last = own.addObject({
    componentOf: space.rootFolder.objects.getFolderElementByName("DeviceSet"),
    browseName: "Valve",
  });
  nameplate(own, last, di, { SerialNumber: text("V-1") });
  const mill = own.addObject({
    organizedBy: space.rootFolder.objects.getFolderElementByName("Machines"),
    browseName: "Mill",
  });
  const identification = space
    .findObjectType("MachineIdentificationType", machinery)
    .instantiate({
      browseName: { name: "Identification", namespaceIndex: di },
      componentOf: mill,
    });
  identification.manufacturer.setValueFromSource(localized("DMG MORI"));
  identification.serialNumber.setValueFromSource(text("M-0815"));
  identification.productInstanceUri.setValueFromSource(text("https://dmgmori.example/M-0815"));
}

async function main() {
  const server = new OPCUAServer({
    port: Number(port),
    host: "127.0.0.1",
    hostname: "127.0.0.1",
    serverInfo: { applicationUri: APPLICATION, productUri: "urn:isthmus:test" },
    buildInfo: { productName: "node-opcua test server", softwareVersion: "2.182" },
    nodeset_filename: [nodesets.standard, nodesets.di, nodesets.ia, nodesets.machinery],
    securityPolicies: [SecurityPolicy.Basic256Sha256],
    securityModes: [MessageSecurityMode.SignAndEncrypt],
    allowAnonymous: false,
    userManager: { isValidUser: (user, password) => user === "reader" && password === "planted" },
    serverCertificateManager: await certificates(),
    serverCapabilities: {
      maxSessions: 2,
      operationLimits: { maxNodesPerRead: 10, maxMonitoredItemsPerCall: 5 },
    },
  });
  await server.initialize();
  build(server.engine.addressSpace);
  await server.start();
  console.log("listening");
  process.on("SIGTERM", () => server.shutdown(0).then(() => process.exit(0)));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
